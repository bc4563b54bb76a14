// grpc-go, unary calls without TLS. Its messages are the wrappers of protobuf's own library, so that nothing has to
// be generated. Several servers are a list by hand, in turns.
package main

import (
	"context"
	"fmt"
	"net"

	"bench/load"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const messageBytesMax = 64 * 1024 * 1024

// A method that returns what it is given.
func same[Value any](name string) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			value := new(Value)
			return value, decode(value)
		},
	}
}

var bench = grpc.ServiceDesc{
	ServiceName: "bench.Bench",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		same[wrapperspb.Int64Value]("Ping"),
		same[wrapperspb.StringValue]("Echo"),
	},
}

func serve([]string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageBytesMax), grpc.MaxSendMsgSize(messageBytesMax))
	server.RegisterService(&bench, nil)
	load.Ready(listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

func connect(ports []int) (load.Client, error) {
	var servers []resolver.Address
	for _, port := range ports {
		servers = append(servers, resolver.Address{Addr: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	list := manual.NewBuilderWithScheme("list")
	list.InitialState(resolver.State{Addresses: servers})
	options := []grpc.DialOption{
		grpc.WithResolvers(list),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(messageBytesMax), grpc.MaxCallSendMsgSize(messageBytesMax),
		),
	}
	if len(ports) > 1 {
		options = append(options, grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	}
	connection, err := grpc.NewClient("list:///bench", options...)
	return load.Client{
		Ping: func(index int64) (int64, error) {
			answer := new(wrapperspb.Int64Value)
			err := connection.Invoke(context.Background(), "/bench.Bench/Ping", wrapperspb.Int64(index), answer)
			return answer.Value, err
		},
		Echo: func(text string) (string, error) {
			answer := new(wrapperspb.StringValue)
			err := connection.Invoke(context.Background(), "/bench.Bench/Echo", wrapperspb.String(text), answer)
			return answer.Value, err
		},
	}, err
}

func main() {
	load.Main(load.Peer{Serve: serve, Connect: connect})
}
