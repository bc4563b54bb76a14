// grpc-go, unary calls without TLS: "grpc_go server", or "grpc_go client <JSON>". Its messages are
// the wrappers of protobuf's own library, so that nothing has to be generated.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const messageBytesMax = 64 * 1024 * 1024

type load struct {
	Port        int
	Connections int
	InFlight    int
	WarmupMs    float64
	DurationMs  float64
	Latencies   bool
	TextLength  int
}

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
		same[wrapperspb.UInt64Value]("Ping"),
		same[wrapperspb.StringValue]("Echo"),
	},
}

func main() {
	if os.Args[1] == "server" {
		serve()
	} else {
		run(os.Args[2])
	}
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageBytesMax), grpc.MaxSendMsgSize(messageBytesMax))
	server.RegisterService(&bench, nil)
	fmt.Printf("ready %d\n", listener.Addr().(*net.TCPAddr).Port)
	check(server.Serve(listener))
}

func run(text string) {
	var l load
	check(json.Unmarshal([]byte(text), &l))
	var calls atomic.Int64
	var running, open atomic.Bool
	running.Store(true)
	var lanes sync.WaitGroup
	var lock sync.Mutex
	var latencies []float64
	for range l.Connections {
		connection, err := grpc.NewClient(
			fmt.Sprintf("127.0.0.1:%d", l.Port),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(messageBytesMax),
				grpc.MaxCallSendMsgSize(messageBytesMax),
			),
		)
		check(err)
		for range l.InFlight {
			lanes.Add(1)
			go func() {
				defer lanes.Done()
				var own []float64
				call := pings(connection)
				if l.TextLength > 0 {
					call = echoes(connection, strings.Repeat("x", l.TextLength))
				}
				for running.Load() {
					startedAt := time.Now()
					call()
					calls.Add(1)
					if l.Latencies && open.Load() {
						own = append(own, milliseconds(time.Since(startedAt)))
					}
				}
				lock.Lock()
				latencies = append(latencies, own...)
				lock.Unlock()
			}()
		}
	}
	sleep(l.WarmupMs)
	open.Store(true)
	before, startedAt := calls.Load(), time.Now()
	sleep(l.DurationMs)
	counted, seconds := calls.Load()-before, time.Since(startedAt).Seconds()
	running.Store(false)
	lanes.Wait()
	sort.Float64s(latencies)
	line, err := json.Marshal(map[string]any{
		"calls":   counted,
		"seconds": seconds,
		"p50Ms":   quantile(latencies, 0.5),
		"p99Ms":   quantile(latencies, 0.99),
	})
	check(err)
	fmt.Println(string(line))
}

func pings(connection *grpc.ClientConn) func() {
	var i uint64
	return func() {
		i++
		answer := new(wrapperspb.UInt64Value)
		check(connection.Invoke(context.Background(), "/bench.Bench/Ping", wrapperspb.UInt64(i), answer))
		if answer.Value != i {
			log.Fatalf("answered %d, and not %d", answer.Value, i)
		}
	}
}

func echoes(connection *grpc.ClientConn, text string) func() {
	return func() {
		answer := new(wrapperspb.StringValue)
		check(connection.Invoke(context.Background(), "/bench.Bench/Echo", wrapperspb.String(text), answer))
		if len(answer.Value) != len(text) {
			log.Fatalf("answered %d characters, and not %d", len(answer.Value), len(text))
		}
	}
}

func sleep(ms float64) {
	time.Sleep(time.Duration(ms * float64(time.Millisecond)))
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration) / float64(time.Millisecond)
}

func quantile(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
