// Package fcmtest is a server that speaks the FCM HTTP v1 protocol
// (POST /v1/projects/{project}/messages:send) on loopback. Tests and the demo
// command send to it through the real Firebase SDK: it judges messages as FCM
// does, keeps what it accepted, and can be told to answer with any of
// Google's errors.
package fcmtest

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options of a Server. The zero value answers at once, asks for no
// authentication and keeps the last 200 messages of a token.
type Options struct {
	Delay     time.Duration    // waits before every answer: the road to Google
	Keep      int              // messages kept for each token; zero: 200
	KeepOf    int              // tokens kept; later ones are only counted; zero: 10,000
	Discard   bool             // counts and keeps nothing, for benchmarks
	Bearer    bool             // refuses requests without an "Authorization: Bearer" header
	Now       func() time.Time // clock of Message.At; nil: time.Now
	OnMessage func(Message)    // called after each accepted message, also with Discard; may call the server
}

// Message is one accepted message.
type Message struct {
	ID      string // the name that FCM answers, unique in this server
	Token   string
	Title   string
	Body    string
	Data    map[string]string
	Android Android
	APNS    APNS
	Webpush Webpush
	Raw     json.RawMessage // the request as it came
	At      time.Time

	seq uint64
}

// Android is the android block of a message.
type Android struct {
	Priority    string        // lower case; empty when not given
	TTL         time.Duration // FCM's 4 weeks when not given
	CollapseKey string
	Tag         string
}

// APNS is the apns block of a message.
type APNS struct {
	Headers map[string]string
	Payload map[string]any
}

// Webpush is the webpush block of a message.
type Webpush struct {
	Headers      map[string]string
	Notification map[string]any
	Link         string
}

// Server is a running FCM. All methods may be called at any time from any
// goroutine.
type Server struct {
	opts   Options
	url    string
	http   *http.Server
	served chan struct{}

	mu       sync.Mutex
	down     bool
	requests int
	count    int
	seq      uint64
	kept     map[string]*ring
	scripts  map[string][]Answer // by token; "" is for all tokens
	hook     func(Message)
}

// New starts a server on a free port of 127.0.0.1. It panics when loopback
// cannot be bound, as httptest does: nothing works on such a machine.
func New(opts Options) *Server {
	if opts.Keep <= 0 {
		opts.Keep = 200
	}
	if opts.KeepOf <= 0 {
		opts.KeepOf = 10_000
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("fcmtest: " + err.Error())
	}
	s := &Server{
		opts:    opts,
		url:     "http://" + l.Addr().String() + "/v1",
		served:  make(chan struct{}),
		kept:    map[string]*ring{},
		scripts: map[string][]Answer{},
		hook:    opts.OnMessage,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/projects/{project}/messages:send", s.send)
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // returns when Close is called
	}()
	return s
}

// URL is the endpoint to hand to the Firebase SDK, "/v1" included.
func (s *Server) URL() string { return s.url }

// Close stops the server; whoever sends afterwards has the connection
// refused.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.served
}

// SetDown makes every request end in a reset connection until it is called
// with false.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Script replaces the queue of answers for one token. Each request takes the
// first of them; an empty queue accepts.
func (s *Server) Script(token string, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(answers) == 0 {
		delete(s.scripts, token)
		return
	}
	s.scripts[token] = append([]Answer(nil), answers...)
}

// ScriptAll replaces the queue of answers for every token that has none of
// its own.
func (s *Server) ScriptAll(answers ...Answer) { s.Script("", answers...) }

// OnMessage replaces the function that is called after each accepted
// message.
func (s *Server) OnMessage(f func(Message)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = f
}

// Messages returns what is kept of all tokens, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, r := range s.kept {
		all = append(all, r.list()...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].seq < all[j].seq })
	return all
}

// MessagesFor returns what is kept of one token, oldest first.
func (s *Server) MessagesFor(token string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.kept[token]; r != nil {
		return r.list()
	}
	return nil
}

// Count is the number of messages accepted since the start or the last
// Reset, kept or not.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Requests is the number of requests that arrived since the start or the
// last Reset, refused ones included: it shows whether a client tried twice.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Reset forgets messages, counts and scripts, and brings the server up.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.scripts = map[string]*ring{}, map[string][]Answer{}
	s.count, s.requests, s.down = 0, 0, false
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	s.mu.Unlock()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		violation("message", "Request payload size exceeds the limit.").write(w)
		return
	}
	if !wait(r, s.opts.Delay) { // after the body, or a client that leaves is not noticed
		return
	}
	if s.isDown() {
		cut(w)
		return
	}
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.opts.Bearer && (!isBearer || token == "") {
		Unauthenticated().write(w)
		return
	}
	req, refusal := parse(body)
	if refusal != nil {
		refusal.write(w)
		return
	}
	project := "projects/" + r.PathValue("project") + "/messages/"
	if req.ValidateOnly {
		writeJSON(w, http.StatusOK, map[string]string{"name": project + "fake_message_id"})
		return
	}
	a := s.next(req.Message.Token)
	if !wait(r, a.Delay) {
		return
	}
	if a.Cut {
		cut(w)
		return
	}
	if !a.accepts() {
		a.write(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": s.accept(project, req.Message, body)})
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// next takes the answer for a token: from its own queue, else from the queue
// for all.
func (s *Server) next(token string) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{token, ""} {
		queue := s.scripts[key]
		if len(queue) == 0 {
			continue
		}
		if !queue[0].Repeat {
			s.scripts[key] = queue[1:]
		}
		return queue[0]
	}
	return Accept()
}

func (s *Server) accept(project string, m *wireMessage, body []byte) string {
	s.mu.Lock()
	s.seq++
	s.count++
	id, hook := project+strconv.FormatUint(s.seq, 10), s.hook
	if s.opts.Discard && hook == nil {
		s.mu.Unlock()
		return id
	}
	rec := m.record(body)
	rec.ID, rec.At, rec.seq = id, s.opts.Now(), s.seq
	if !s.opts.Discard {
		kept := s.kept[m.Token]
		if kept == nil && len(s.kept) < s.opts.KeepOf {
			kept = &ring{max: s.opts.Keep}
			s.kept[m.Token] = kept
		}
		if kept != nil {
			kept.add(rec)
		}
	}
	s.mu.Unlock()
	if hook != nil {
		hook(rec)
	}
	return id
}

// wait returns false when the client has gone before d was over.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// cut resets the connection: with no linger the kernel sends RST and the
// client reads "connection reset by peer".
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// ring holds the last max messages of one token.
type ring struct {
	max  int
	buf  []Message
	next int // where the next one goes once buf is full
}

func (r *ring) add(m Message) {
	if len(r.buf) < r.max {
		r.buf = append(r.buf, m)
		return
	}
	r.buf[r.next] = m
	r.next = (r.next + 1) % r.max
}

func (r *ring) list() []Message {
	return append(append(make([]Message, 0, len(r.buf)), r.buf[r.next:]...), r.buf[:r.next]...)
}
