// Kitex with thrift over its multiplexed connections. Messages are written and read by hand, as its generator would
// have them done (FastCodec), so that nothing has to be generated.
package main

import (
	"context"
	"fmt"
	"net"

	"bench/load"

	"github.com/cloudwego/gopkg/protocol/thrift"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/klog"
	"github.com/cloudwego/kitex/pkg/serviceinfo"
	"github.com/cloudwego/kitex/server"
)

const service, method = "bench", "Ping"

// The argument of a call is field 1 of a struct, the result of one field 0.
const argumentField, resultField = 1, 0

// A struct of one integer.
type message struct {
	field int16
	value int64
}

func (m *message) BLength() int {
	return thrift.Binary.FieldBeginLength() + thrift.Binary.I64Length() + thrift.Binary.FieldStopLength()
}

func (m *message) FastWriteNocopy(bytes []byte, _ thrift.NocopyWriter) int {
	written := thrift.Binary.WriteFieldBegin(bytes, thrift.I64, m.field)
	written += thrift.Binary.WriteI64(bytes[written:], m.value)
	return written + thrift.Binary.WriteFieldStop(bytes[written:])
}

func (m *message) FastRead(bytes []byte) (int, error) {
	offset := 0
	for {
		kind, field, length, err := thrift.Binary.ReadFieldBegin(bytes[offset:])
		offset += length
		if err != nil || kind == thrift.STOP {
			return offset, err
		}
		if field == m.field && kind == thrift.I64 {
			m.value, length, err = thrift.Binary.ReadI64(bytes[offset:])
		} else {
			length, err = thrift.Binary.Skip(bytes[offset:], kind)
		}
		offset += length
		if err != nil {
			return offset, err
		}
	}
}

func argument() any { return &message{field: argumentField} }
func result() any   { return &message{field: resultField} }

func info() *serviceinfo.ServiceInfo {
	return &serviceinfo.ServiceInfo{
		ServiceName: service,
		Methods: map[string]serviceinfo.MethodInfo{
			method: serviceinfo.NewMethodInfo(
				func(_ context.Context, _, argument, result any) error {
					result.(*message).value = argument.(*message).value
					return nil
				},
				argument, result, false,
			),
		},
		PayloadCodec: serviceinfo.Thrift,
	}
}

func serve([]string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := server.NewServer(server.WithListener(listener), server.WithMuxTransport())
	if err := served.RegisterService(info(), new(struct{})); err != nil {
		return err
	}
	load.Ready(listener.Addr().(*net.TCPAddr).Port)
	return served.Run()
}

func connect(ports []int) (load.Client, error) {
	var hosts []string
	for _, port := range ports {
		hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", port))
	}
	caller, err := client.NewClient(info(),
		client.WithDestService(service), client.WithHostPorts(hosts...), client.WithMuxConnection(1))
	return load.Client{
		Ping: func(index int64) (int64, error) {
			answer := message{field: resultField}
			err := caller.Call(context.Background(), method, &message{argumentField, index}, &answer)
			return answer.value, err
		},
	}, err
}

func main() {
	klog.SetLevel(klog.LevelFatal)
	load.Main(load.Peer{Serve: serve, Connect: connect})
}
