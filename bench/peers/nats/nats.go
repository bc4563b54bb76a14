// NATS, requests and replies: a server with a responder inside it, or by "server <port>" a further responder of the
// server on that port.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"bench/load"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const subject, group = "bench.ping", "responders"

const timeout = time.Second

func serve(arguments []string) error {
	if len(arguments) > 0 {
		connection, err := nats.Connect("nats://127.0.0.1:" + arguments[0])
		if err != nil {
			return err
		}
		return respond(connection, 0)
	}
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true})
	if err != nil {
		return err
	}
	broker.Start()
	if !broker.ReadyForConnections(timeout) {
		return errors.New("it does not get ready")
	}
	connection, err := nats.Connect(broker.ClientURL(), nats.InProcessServer(broker))
	if err != nil {
		return err
	}
	return respond(connection, broker.Addr().(*net.TCPAddr).Port)
}

func respond(connection *nats.Conn, port int) error {
	_, err := connection.QueueSubscribe(subject, group, func(request *nats.Msg) {
		load.Check(request.Respond(request.Data))
	})
	if err != nil {
		return err
	}
	if err := connection.Flush(); err != nil {
		return err
	}
	load.Ready(port)
	select {}
}

func connect(ports []int) (load.Client, error) {
	connection, err := nats.Connect(fmt.Sprintf("nats://127.0.0.1:%d", ports[0]))
	return load.Client{
		Ping: func(index int64) (int64, error) {
			answer, err := connection.Request(subject, binary.BigEndian.AppendUint64(nil, uint64(index)), timeout)
			if err != nil {
				return 0, err
			}
			return int64(binary.BigEndian.Uint64(answer.Data)), nil
		},
	}, err
}

func main() {
	load.Main(load.Peer{Serve: serve, Connect: connect})
}
