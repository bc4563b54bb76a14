// Package load is what the peers in Go share: the programs "server", "client <JSON>", "hold <JSON>", "once <JSON>"
// and "kill <JSON>", of which each peer gives only how it serves and how it calls.
package load

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Client makes calls, as many at a time as anybody wants.
type Client struct {
	// Ping sends an index and returns the one that the answer holds.
	Ping func(index int64) (int64, error)
	// Echo sends a text and returns the answer's; nil: not offered.
	Echo func(text string) (string, error)
}

// Peer is one of those compared.
type Peer struct {
	// Serve prints "ready <port>" when it listens, and returns only on failure.
	Serve func(arguments []string) error
	// Connect makes a client of its own connection to each of the servers.
	Connect func(ports []int) (Client, error)
}

type options struct {
	Port        int
	Ports       []int
	Connections int
	InFlight    int
	WarmupMs    float64
	DurationMs  float64
	Latencies   bool
	TextLength  int
}

// Main runs what the command line asks for.
func Main(peer Peer) {
	mode, rest := os.Args[1], os.Args[2:]
	if mode == "server" {
		Check(peer.Serve(rest))
		return
	}
	var o options
	Check(json.Unmarshal([]byte(rest[0]), &o))
	switch mode {
	case "client":
		measure(peer, o)
	case "once":
		ping(connect(peer, o.Port), 1)
	case "hold":
		for range o.Connections {
			ping(connect(peer, o.Port), 1)
		}
		fmt.Printf("ready %d\n", o.Port)
		select {}
	case "kill":
		watch(peer, o)
	default:
		log.Fatalf("there is no %s", mode)
	}
}

// Ready says that the server listens.
func Ready(port int) {
	fmt.Printf("ready %d\n", port)
}

// Check ends the program on an error.
func Check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func connect(peer Peer, ports ...int) Client {
	client, err := peer.Connect(ports)
	Check(err)
	return client
}

func ping(client Client, index int64) {
	answer, err := client.Ping(index)
	Check(err)
	if answer != index {
		log.Fatalf("answered %d, and not %d", answer, index)
	}
}

func measure(peer Peer, o options) {
	var calls atomic.Int64
	var running, open atomic.Bool
	running.Store(true)
	var lanes sync.WaitGroup
	var lock sync.Mutex
	var latencies []float64
	for range o.Connections {
		client := connect(peer, o.Port)
		for range o.InFlight {
			lanes.Go(func() {
				var own []float64
				call := caller(client, o.TextLength)
				for running.Load() {
					if !o.Latencies {
						call()
						calls.Add(1)
						continue
					}
					startedAt := time.Now()
					call()
					calls.Add(1)
					if open.Load() {
						own = append(own, milliseconds(time.Since(startedAt)))
					}
				}
				lock.Lock()
				latencies = append(latencies, own...)
				lock.Unlock()
			})
		}
	}
	for calls.Load() == 0 {
		sleep(1)
	}
	sleep(o.WarmupMs)
	open.Store(true)
	before, startedAt, cpuBefore := calls.Load(), time.Now(), cpuMs()
	sleep(o.DurationMs)
	counted, seconds, cpu := calls.Load()-before, time.Since(startedAt).Seconds(), cpuMs()-cpuBefore
	running.Store(false)
	lanes.Wait()
	sort.Float64s(latencies)
	print(map[string]any{
		"calls":     counted,
		"seconds":   seconds,
		"cpuMs":     cpu,
		"callsEver": calls.Load(),
		"p50Ms":     quantile(latencies, 0.5),
		"p99Ms":     quantile(latencies, 0.99),
	})
}

func caller(client Client, textLength int) func() {
	if textLength > 0 {
		text := strings.Repeat("x", textLength)
		return func() {
			answer, err := client.Echo(text)
			Check(err)
			if answer != text {
				log.Fatal("answered another text")
			}
		}
	}
	var index int64
	return func() {
		index++
		ping(client, index)
	}
}

// Calls until SIGTERM, and tells how many have failed and how long the slowest took.
func watch(peer Peer, o options) {
	client := connect(peer, o.Ports...)
	var calls, failed, slowest atomic.Int64
	var running atomic.Bool
	running.Store(true)
	var lanes sync.WaitGroup
	for range o.InFlight {
		lanes.Go(func() {
			for index := int64(1); running.Load(); index++ {
				startedAt := time.Now()
				answer, err := client.Ping(index)
				took := int64(time.Since(startedAt))
				calls.Add(1)
				if err != nil || answer != index {
					failed.Add(1)
				}
				for old := slowest.Load(); took > old && !slowest.CompareAndSwap(old, took); {
					old = slowest.Load()
				}
			}
		})
	}
	for calls.Load() < 1_000 {
		sleep(1)
	}
	if before := failed.Load(); before > 0 {
		log.Fatalf("%d calls failed before any server was killed", before)
	}
	slowest.Store(0)
	Ready(o.Ports[0])
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM)
	<-over
	running.Store(false)
	lanes.Wait()
	print(map[string]any{
		"calls":     calls.Load(),
		"failed":    failed.Load(),
		"slowestMs": milliseconds(time.Duration(slowest.Load())),
	})
}

func print(outcome map[string]any) {
	line, err := json.Marshal(outcome)
	Check(err)
	fmt.Println(string(line))
}

// The processor time that this process has taken.
func cpuMs() float64 {
	var usage syscall.Rusage
	Check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return milliseconds(time.Duration(usage.Utime.Nano() + usage.Stime.Nano()))
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
