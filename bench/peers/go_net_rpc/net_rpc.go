// Go's net/rpc with its own encoding (gob): "net_rpc server", or "net_rpc client <JSON>". Where RPC_KEYS names
// a directory of keys, by TLS with certificates on both sides.
package main

import (
	"crypto/tls"
	"crypto/x509"
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
	port := listener.Addr().(*net.TCPAddr).Port
	if config := keys(); config != nil {
		listener = tls.NewListener(listener, config)
	}
	fmt.Printf("ready %d\n", port)
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
		client := dial(fmt.Sprintf("127.0.0.1:%d", l.Port))
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

func dial(address string) *rpc.Client {
	if config := keys(); config != nil {
		conn, err := tls.Dial("tcp", address, config)
		check(err)
		return rpc.NewClient(conn)
	}
	client, err := rpc.Dial("tcp", address)
	check(err)
	return client
}

// What either side shows and wants to see; nil: no TLS.
func keys() *tls.Config {
	directory := os.Getenv("RPC_KEYS")
	if directory == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(directory+"/machine.crt", directory+"/machine.key")
	check(err)
	pem, err := os.ReadFile(directory + "/ca.crt")
	check(err)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	own, err := x509.ParseCertificate(pair.Certificate[0])
	check(err)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		RootCAs:      authorities,
		ClientCAs:    authorities,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ServerName:   own.DNSNames[0],
		MinVersion:   tls.VersionTLS13,
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
