// Package api is the HTTP server: what stations, laboratories and health-code
// systems speak to.
//
// Its few types: a Server listens from the first moment and answers 503 until it is
// given a Backend (engine, pipeline and feed); a route is a path, a method and a
// function; a refusal is an answer to a request that was not carried out.
//
// It promises the wire form, that a batch is admitted by its size before its body is
// read, that a batch answered with 200 is durable, that nothing of a request is ever
// printed or counted by content, and that reads wait for no writer. It decides
// nothing about tubes and people. fasthttp is used here and nowhere else.
//
// Start reading at Server.handle, then batch.go for the way in and status.go for
// the way out.
package api

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

const (
	typeJSON   = "application/json"
	typeNDJSON = "application/x-ndjson"
	typeText   = "text/plain; charset=utf-8"
)

// Feed is the changes as readers see them: those of synced and applied groups.
type Feed interface {
	// End is the cursor of the newest entry.
	End() engine.Cursor
	// Read calls fn for at most limit entries after a cursor, in order, and returns
	// the cursor of the last one visited. It stops at fn's error and returns it.
	Read(after engine.Cursor, limit int, fn func(change *engine.Change, tubes []engine.TubeIndex) error) (next engine.Cursor, err error)
	// Wait returns nil when there is something after a cursor, else ctx's error.
	Wait(ctx context.Context, after engine.Cursor) error
}

// Config of a server.
type Config struct {
	Zone        *time.Location // of the times in answers; nil: Asia/Shanghai
	BenchRoutes bool           // adds /bench/empty
	// StrictMasterData refuses events that name people, sites and laboratories which no
	// master data has named before.
	StrictMasterData bool
	Logf             func(format string, args ...any)
	Now              func() int64 // Unix seconds; nil: the clock
}

// Backend is what a server needs to answer.
type Backend struct {
	Engine   *engine.Engine
	Pipeline *ingest.Pipeline
	Feed     Feed
	Profiles Profiles
	Rejects  Rejects
	Secret   []byte // keys the numbers that newborns on rosters get; nil: a fixed one, for tests
}

// Profiles tells what names people: names, phones, who looks after their grid.
type Profiles interface {
	// Read calls fn for each of the people that has a profile, by its place in who; fields
	// are those of engine.NextField, valid during the call. It is fastest in ascending order.
	Read(who []engine.PersonOrdinal, fn func(i int, fields []byte)) error
	// Stats are counts for metrics.
	Stats() ProfileStats
}

// ProfileStats are counts of profiles, for metrics.
type ProfileStats = struct {
	QueuedBytes int    // taken and not stored yet
	Kept        uint64 // people that have a profile
	Written     uint64 // profiles new, changed, moved to another round or taken back
	Unchanged   uint64 // profiles that were stored as they came
	Erased      uint64 // pieces of batches whose round was erased
	Waits       uint64 // of the writer, for room in the queue
}

// Rejects keeps items that were refused until somebody deals with them. What a record
// says is the caller's; records are sealed under a retention class as profiles are.
type Rejects interface {
	// Add keeps records of one credential and returns when they are durable. Each has a key:
	// one with the key of a record that is kept already adds to that one's count. Beyond
	// the credential's room records are counted only.
	Add(credential string, list []Reject) error
	// List calls fn for records after an id, ascending, at most limit.
	List(after uint64, limit int, fn func(id uint64, times uint32, record []byte) bool) (last uint64, more bool, err error)
	// Remove forgets records for good and returns how many there were, durable.
	Remove(ids []uint64) (removed int, err error)
	// Replace says anew, durable, what records say and what their keys are. Their classes
	// stay; ids that are not there are passed over.
	Replace(ids []uint64, list []Reject) error
	// Counts tells how many records are kept, their bytes, and how many found no room since
	// the start.
	Counts() (kept int, bytes int64, dropped uint64)
}

// Reject is one record. Its parts are the caller's; the class is a round.
type Reject = struct {
	Class       string
	Key, Record []byte
}

// Server answers HTTP requests.
type Server struct {
	cfg      Config
	zone     zone
	http     fasthttp.Server
	backend  atomic.Pointer[Backend]
	stopping context.Context // done when long polls should end
	stop     context.CancelFunc
	waiters  atomic.Int64
	routes   map[string]*route
	unknown  route
	registry *prometheus.Registry
	scrape   fasthttp.RequestHandler

	connectionErrors atomic.Uint64
	panics           atomic.Uint64
	lingerTime       time.Duration

	zonesMu sync.Mutex
	zones   map[string]*time.Location
}

// route is one path and method.
type route struct {
	path   string
	method string
	// early routes answer before the journal is read, with a nil Backend.
	early  bool
	handle func(b *Backend, ctx *fasthttp.RequestCtx, argument []byte) *refusal

	classes [6]atomic.Uint64 // answers by status class
	seconds *ingest.Histogram
}

// New prepares a server: then Serve, then Ready.
func New(cfg Config) *Server {
	if cfg.Zone == nil {
		cfg.Zone = time.FixedZone("Asia/Shanghai", 8*3600)
	}
	if cfg.Now == nil {
		cfg.Now = func() int64 { return time.Now().Unix() }
	}
	s := &Server{cfg: cfg, zone: newZone(cfg.Zone), zones: map[string]*time.Location{}, lingerTime: lingerTime}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.addRoutes()
	s.addMetrics()
	s.http = fasthttp.Server{
		Handler:                      s.handle,
		ErrorHandler:                 s.transportError,
		HeaderReceived:               allowSlowBody,
		ExpectHandler:                s.expect,
		Logger:                       (*silentLogger)(s),
		StreamRequestBody:            true, // batches are admitted before their bodies are read
		MaxRequestBodySize:           batchBodyBytesMax,
		ReadBufferSize:               headerBytesMax,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		NoDefaultServerHeader:        true,
		SecureErrorLogMessage:        true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
	}
	return s
}

// Serve answers requests until Shutdown.
func (s *Server) Serve(listener net.Listener) error {
	if err := s.http.Serve(watchedListener{listener, s.lingerTime}); err != nil {
		return fmt.Errorf("cannot serve HTTP: %w", err)
	}
	return nil
}

// Ready gives the server what it needs to answer.
func (s *Server) Ready(b Backend) {
	s.backend.Store(&b)
}

// Shutdown takes no more connections, ends long polls, and returns when all requests
// are answered or ctx is done.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	if err := s.http.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("cannot wait for the last connections: %w", err)
	}
	return nil
}

func (s *Server) now() int64 { return s.cfg.Now() }

// handle is every request's way.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	began := time.Now()
	r, argument := s.find(ctx.Path())
	defer func() {
		if v := recover(); v != nil {
			s.panics.Add(1)
			s.cfg.Logf("BUG: cannot answer %s %s: %s", r.method, r.path, panicPlace())
			refuse(ctx, errInternal)
			ctx.SetConnectionClose()
		}
		r.classes[ctx.Response.StatusCode()/100%6].Add(1)
		r.seconds.Observe(int64(time.Since(began)))
	}()
	watched(ctx).bodyRead = false
	if !wellFramed(ctx.Request.Header.RawHeaders()) {
		refuse(ctx, errFraming)
		ctx.SetConnectionClose()
		watched(ctx).linger.Store(true)
		return
	}
	if refused := s.dispatch(r, ctx, argument); refused != nil {
		refuse(ctx, refused)
		endUnread(ctx)
	}
}

func (s *Server) dispatch(r *route, ctx *fasthttp.RequestCtx, argument []byte) *refusal {
	if r == &s.unknown || !plainPath(ctx.URI()) {
		return errNotFound
	}
	method := ctx.Method()
	if string(method) != r.method && !(r.method == "GET" && string(method) == "HEAD") {
		// Two methods on one path: the other route stands under its own key.
		other := s.routes[string(method)+" "+r.path]
		if other == nil {
			return methodNotAllowed(s.allowed(r.path))
		}
		r = other
	}
	b := s.backend.Load()
	if b == nil && !r.early {
		return errStarting
	}
	return r.handle(b, ctx, argument)
}

// find looks the path up: whole, or as one of those with a name inside.
func (s *Server) find(path []byte) (r *route, argument []byte) {
	if r := s.routes[string(path)]; r != nil {
		return r, nil
	}
	if rest, ok := cutPrefix(path, "/v1/people/"); ok {
		if person, ok := cutSuffix(rest, "/status"); ok && len(person) > 0 {
			return s.routes[personStatusPath], person
		}
		if person, ok := cutSuffix(rest, "/history"); ok && len(person) > 0 {
			return s.routes[personHistoryPath], person
		}
	}
	if tube, ok := cutPrefix(path, "/v1/tubes/"); ok && len(tube) > 0 {
		return s.routes[tubePath], tube
	}
	if round, ok := cutPrefix(path, "/v1/rounds/"); ok {
		below := roundPath
		if name, ok := cutSuffix(round, "/coverage"); ok {
			round, below = name, coveragePath
		} else if name, ok := cutSuffix(round, "/missing"); ok {
			round, below = name, missingPath
		}
		if len(round) > 0 && s.routes[below] != nil {
			return s.routes[below], round
		}
	}
	return &s.unknown, nil
}

func (s *Server) allowed(path string) string {
	var methods []string
	for _, method := range []string{"GET", "PUT", "POST"} {
		if r := s.routes[path]; r.method == method || s.routes[method+" "+path] != nil {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

// transportError answers what is no request: half a header, a wrong length, too late.
func (s *Server) transportError(ctx *fasthttp.RequestCtx, err error) {
	s.connectionErrors.Add(1)
	refused := ofTransport(err)
	refuse(ctx, refused)
	watched(ctx).linger.Store(refused == errHeaderTooLarge)
	// fasthttp gives time to write ahead of the handler's answers only: what is left may be
	// that of the answer before, long over.
	_ = ctx.Conn().SetWriteDeadline(time.Now().Add(s.http.WriteTimeout))
}

// expect answers "Expect: 100-continue" ahead of the body: one too large for any path
// is not asked for.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	if ctx.Request.Header.ContentLength() <= batchBodyBytesMax {
		return fasthttp.StatusContinue
	}
	refuse(ctx, errBodyTooLarge)
	watched(ctx).linger.Store(true) // it may send the body all the same
	return errBodyTooLarge.status
}

// allowSlowBody gives a large body the time it needs on a thin line.
func allowSlowBody(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if n := header.ContentLength(); n > slowBodyBytes && n <= batchBodyBytesMax {
		return fasthttp.RequestConfig{ReadTimeout: readTimeout + time.Duration(n/slowBodyBytes)*time.Second}
	}
	return fasthttp.RequestConfig{}
}

// silentLogger counts what fasthttp would print: its messages may quote a request.
type silentLogger Server

func (l *silentLogger) Printf(string, ...any) { l.connectionErrors.Add(1) }

// panicPlace says where a panic came from, without values.
func panicPlace() string {
	var b strings.Builder
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s:%d; ", f.Function, f.Line)
		if !more {
			return b.String()
		}
	}
}

func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	if len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix {
		return b[len(prefix):], true
	}
	return b, false
}

func cutSuffix(b []byte, suffix string) ([]byte, bool) {
	if n := len(b) - len(suffix); n >= 0 && string(b[n:]) == suffix {
		return b[:n], true
	}
	return b, false
}
