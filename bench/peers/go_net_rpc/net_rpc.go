// Go's net/rpc with its own encoding (gob). Where RPC_KEYS names a directory of keys, by TLS with certificates on
// both sides. It has no balancer: it calls the first of the servers alone.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/rpc"
	"os"

	"bench/load"
)

// Bench is the service.
type Bench struct{}

// Ping answers the index that it is given.
func (*Bench) Ping(index int64, answer *int64) error {
	*answer = index
	return nil
}

func serve([]string) error {
	if err := rpc.Register(new(Bench)); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if config := keys(); config != nil {
		listener = tls.NewListener(listener, config)
	}
	load.Ready(port)
	rpc.Accept(listener)
	return nil
}

func connect(ports []int) (load.Client, error) {
	client, err := dial(fmt.Sprintf("127.0.0.1:%d", ports[0]))
	return load.Client{
		Ping: func(index int64) (answer int64, err error) {
			err = client.Call("Bench.Ping", index, &answer)
			return answer, err
		},
	}, err
}

func dial(address string) (*rpc.Client, error) {
	config := keys()
	if config == nil {
		return rpc.Dial("tcp", address)
	}
	connection, err := tls.Dial("tcp", address, config)
	if err != nil {
		return nil, err
	}
	return rpc.NewClient(connection), nil
}

func main() {
	load.Main(load.Peer{Serve: serve, Connect: connect})
}

// What either side shows and wants to see; nil: no TLS.
func keys() *tls.Config {
	directory := os.Getenv("RPC_KEYS")
	if directory == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(directory+"/machine.crt", directory+"/machine.key")
	load.Check(err)
	pem, err := os.ReadFile(directory + "/ca.crt")
	load.Check(err)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	own, err := x509.ParseCertificate(pair.Certificate[0])
	load.Check(err)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		RootCAs:      authorities,
		ClientCAs:    authorities,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ServerName:   own.DNSNames[0],
		MinVersion:   tls.VersionTLS13,
	}
}
