module bench/go_net_rpc

go 1.25

require bench/load v0.0.0

replace bench/load => ../go_load
