// Command load asks an API server as fast as it answers, and says how fast that was. It reads one job a line (JSON) on standard input and
// answers one result a line. It knows nothing of either server: the same requests over the same protocol go to both.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Job is what is asked of one server. In path and body stand {n} for the number of the request, {i} for one of `objects` in an order that
// jumps about, {w} for the connection, {rv} for the resourceVersion that the connection saw last, {continue} for the rest of its list, and
// {word} for eight letters, each time others, which follow from the number: the same for every server, and nothing that compresses to nothing.
type Job struct {
	Server      string            `json:"server"`
	Certificate string            `json:"certificate"`
	Key         string            `json:"key"`
	HTTP2       bool              `json:"http2"`
	Connections int               `json:"connections"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Headers     map[string]string `json:"headers"`
	Body        string            `json:"body"`
	// The first number, so that names are never used twice.
	First   int64 `json:"first"`
	Objects int64 `json:"objects"`
	// Ends after so many requests or so many milliseconds, whichever is given.
	Count        int64 `json:"count"`
	Milliseconds int64 `json:"milliseconds"`
	// Watches that are open meanwhile, each on a connection of its own; the job then lasts until every one has seen `count` events, or `events`.
	Watchers  int    `json:"watchers"`
	WatchPath string `json:"watchPath"`
	// Where they are opened, if not at `server`: what is written to a member is watched through a fleet.
	WatchServer string `json:"watchServer"`
	// How many events each is to see, where that is another number than `count`.
	Events int64 `json:"events"`
}

// Result counts what was answered as wanted. Latencies are in milliseconds.
type Result struct {
	Operations int64   `json:"operations"`
	Failures   int64   `json:"failures"`
	Failure    string  `json:"failure,omitempty"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	// Processor time of this program.
	ClientCPU float64 `json:"clientCpu"`
	// Watches that ended early and were resumed.
	Reopened int64 `json:"reopened"`
	// Events seen by all watchers together, and the time until the last of them.
	Events       int64   `json:"events"`
	EventSeconds float64 `json:"eventSeconds"`
	EventBytes   int64   `json:"eventBytes"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var job Job
		if err := json.Unmarshal(lines.Bytes(), &job); err != nil {
			fatal(err)
		}
		result, err := run(job)
		if err != nil {
			fatal(err)
		}
		if err := answers.Encode(result); err != nil {
			fatal(err)
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

func run(job Job) (Result, error) {
	pair, err := tls.X509KeyPair([]byte(job.Certificate), []byte(job.Key))
	if err != nil {
		return Result{}, err
	}
	var fan *fanOut
	if job.Watchers > 0 {
		if fan, err = openWatches(job, pair); err != nil {
			return Result{}, err
		}
		defer fan.close()
	}
	workers := make([]*worker, job.Connections)
	for at := range workers {
		workers[at] = &worker{job: &job, index: at, client: connection(job, pair)}
		// Handshakes are no part of what is measured, and the first write needs a resourceVersion.
		if err := workers[at].begin(); err != nil {
			return Result{}, err
		}
	}
	before, started := processorTime(), time.Now()
	var taken atomic.Int64
	var all sync.WaitGroup
	for _, w := range workers {
		all.Add(1)
		go func() { defer all.Done(); w.work(&taken, started) }()
	}
	all.Wait()
	result := sum(workers)
	result.Seconds = time.Since(started).Seconds()
	if fan != nil {
		fan.wait(60 * time.Second)
		result.EventSeconds, result.Events, result.EventBytes, result.Reopened = time.Since(started).Seconds(), fan.events.Load(), fan.bytes.Load(), fan.reopened.Load()
	}
	result.ClientCPU = (processorTime() - before).Seconds() * 1000
	for _, w := range workers {
		w.client.CloseIdleConnections()
	}
	return result, nil
}

// One client has one connection; HTTP/2 or HTTP/1.1, never compressed unless the job says so.
func connection(job Job, pair tls.Certificate) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!job.HTTP2)
	protocols.SetHTTP2(job.HTTP2)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true}, Protocols: protocols,
		DisableCompression: true, MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, ReadBufferSize: 64 << 10,
	}}
}

type worker struct {
	job             *Job
	index           int
	client          *http.Client
	version, rest   string
	milliseconds    []float64
	failures, bytes int64
	failure         string
	buffer          bytes.Buffer
}

func (w *worker) begin() error {
	target := "/version"
	if strings.Contains(w.job.Body, "{rv}") {
		target = w.fill(w.job.Path, 0)
	}
	return w.ask(http.MethodGet, target, "")
}

func (w *worker) work(taken *atomic.Int64, started time.Time) {
	end := started.Add(time.Duration(w.job.Milliseconds) * time.Millisecond)
	for {
		n := taken.Add(1) - 1
		if w.job.Count > 0 && n >= w.job.Count || w.job.Count == 0 && time.Now().After(end) {
			return
		}
		began := time.Now()
		if err := w.ask(w.job.Method, w.fill(w.job.Path, n), w.fill(w.job.Body, n)); err != nil {
			w.failures++
			w.failure = err.Error()
			continue
		}
		w.milliseconds = append(w.milliseconds, float64(time.Since(began).Microseconds())/1000)
	}
}

func (w *worker) fill(template string, n int64) string {
	if !strings.Contains(template, "{") {
		return template
	}
	number := w.job.First + n
	filled := strings.NewReplacer("{n}", strconv.FormatInt(number, 10), "{i}", strconv.FormatInt(number*7919%max(w.job.Objects, 1), 10), "{w}", strconv.Itoa(w.index), "{rv}", w.version, "{continue}", w.rest).Replace(template)
	return words(filled, uint64(number))
}

func words(template string, seed uint64) string {
	parts := strings.Split(template, "{word}")
	var text strings.Builder
	for at, part := range parts {
		text.WriteString(part)
		if at == len(parts)-1 {
			break
		}
		// splitmix64, whose neighbours have nothing in common.
		z := seed*0x9e3779b97f4a7c15 + uint64(at+1)*0xbf58476d1ce4e5b9
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		for range 8 {
			text.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[z&31])
			z >>= 5
		}
	}
	return text.String()
}

// ask reads the whole answer; an answer that is no success is an error with its beginning.
func (w *worker) ask(method, target, body string) error {
	request, err := http.NewRequest(method, w.job.Server+target, strings.NewReader(body))
	if err != nil {
		return err
	}
	if method != http.MethodGet {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", "load/1")
	if target != "/version" {
		for name, value := range w.job.Headers {
			request.Header.Set(name, value)
		}
	}
	response, err := w.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	w.buffer.Reset()
	// Its beginning is looked at, the rest is only counted: a list of megabytes must not cost this side more than reading it.
	if _, err := io.CopyN(&w.buffer, response.Body, 16<<10); err != nil && err != io.EOF {
		return err
	}
	rest, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return err
	}
	w.bytes += int64(w.buffer.Len()) + rest
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %.300s", method, target, response.StatusCode, w.buffer.Bytes())
	}
	w.version, w.rest = member(w.buffer.Bytes(), "resourceVersion"), member(w.buffer.Bytes(), "continue")
	return nil
}

// member is the first text of that name; '' where there is none.
func member(document []byte, name string) string {
	_, behind, found := bytes.Cut(document, []byte(`"`+name+`":"`))
	if !found {
		return ""
	}
	text, _, _ := bytes.Cut(behind, []byte(`"`))
	return string(text)
}

func sum(workers []*worker) Result {
	var result Result
	var times []float64
	for _, w := range workers {
		times = append(times, w.milliseconds...)
		result.Failures += w.failures
		result.Bytes += w.bytes
		if w.failure != "" {
			result.Failure = w.failure
		}
	}
	result.Operations = int64(len(times))
	sort.Float64s(times)
	if len(times) > 0 {
		result.P50, result.P99 = times[len(times)/2], times[len(times)*99/100]
	}
	return result
}

// fanOut is many watches of one collection.
type fanOut struct {
	cancel                  context.CancelFunc
	done                    sync.WaitGroup
	events, bytes, reopened atomic.Int64
	failed                  atomic.Value
}

// openWatches answers once every watch has its headers. `{rv}` of the watch's path is where the collection stands.
func openWatches(job Job, pair tls.Certificate) (*fanOut, error) {
	if job.WatchServer != "" {
		job.Server = job.WatchServer
	}
	client := connection(job, pair)
	collection, _, _ := strings.Cut(job.WatchPath, "?")
	at := &worker{job: &job, client: client}
	if err := at.ask(http.MethodGet, collection+"?limit=1", ""); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	fan := &fanOut{cancel: cancel}
	opened := make(chan error, job.Watchers)
	for range job.Watchers {
		fan.done.Add(1)
		go func() { defer fan.done.Done(); fan.follow(ctx, job, pair, at.version, opened) }()
	}
	for range job.Watchers {
		if err := <-opened; err != nil {
			fan.close()
			return nil, err
		}
	}
	return fan, nil
}

// follow watches until all events have come. A watch that ends before is resumed behind the last event.
func (f *fanOut) follow(ctx context.Context, job Job, pair tls.Certificate, version string, opened chan<- error) {
	client := connection(job, pair)
	defer client.CloseIdleConnections()
	seen, wanted := int64(0), job.Count
	if job.Events > 0 {
		wanted = job.Events
	}
	for attempt := 0; seen < wanted; attempt++ {
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, job.Server+strings.ReplaceAll(job.WatchPath, "{rv}", version), nil)
		request.Header.Set("User-Agent", "load/1")
		response, err := client.Do(request)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("watch: %d", response.StatusCode)
			response.Body.Close()
		}
		if attempt == 0 {
			opened <- err
		} else {
			f.reopened.Add(1)
		}
		if err != nil {
			return
		}
		lines := bufio.NewReaderSize(response.Body, 64<<10)
		for seen < wanted {
			line, err := wholeLine(lines)
			if err != nil {
				break
			}
			if bytes.HasPrefix(line, []byte(`{"type":"ERROR"`)) {
				f.failed.Store(string(line))
				return
			}
			seen++
			f.events.Add(1)
			f.bytes.Add(int64(len(line)))
			if seen == wanted {
				break
			}
			if at := bytes.Index(line, []byte(`"resourceVersion":"`)); at >= 0 {
				version = member(line, "resourceVersion")
			}
		}
		response.Body.Close()
		if ctx.Err() != nil {
			return
		}
	}
}

// wholeLine is valid until the next read.
func wholeLine(reader *bufio.Reader) ([]byte, error) {
	line, err := reader.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	long := append([]byte(nil), line...)
	for err == bufio.ErrBufferFull {
		line, err = reader.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}

func (f *fanOut) wait(most time.Duration) {
	done := make(chan struct{})
	go func() { f.done.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(most):
	}
	if text := f.failed.Load(); text != nil {
		fatal(fmt.Errorf("a watch failed: %s", text))
	}
}

func (f *fanOut) close() { f.cancel(); f.done.Wait() }

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
