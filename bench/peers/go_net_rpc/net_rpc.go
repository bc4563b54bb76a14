// Go's net/rpc with its own encoding (gob): "net_rpc server", or "net_rpc client <JSON>".
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/rpc"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Bench is the service.
type Bench struct{}

// Ping answers pong.
func (*Bench) Ping(_ struct{}, answer *string) error {
	*answer = "pong"
	return nil
}

type load struct {
	Port        int
	Connections int
	InFlight    int
	WarmupMs    float64
	DurationMs  float64
	Latencies   bool
}

func main() {
	if os.Args[1] == "server" {
		serve()
	} else {
		run(os.Args[2])
	}
}

func serve() {
	check(rpc.Register(new(Bench)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Printf("ready %d\n", listener.Addr().(*net.TCPAddr).Port)
	rpc.Accept(listener)
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
		client, err := rpc.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.Port))
		check(err)
		for range l.InFlight {
			lanes.Add(1)
			go func() {
				defer lanes.Done()
				var own []float64
				var answer string
				for running.Load() {
					startedAt := time.Now()
					check(client.Call("Bench.Ping", struct{}{}, &answer))
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
