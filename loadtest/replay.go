package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Replayer sends the batches of a city's day in a closed loop: every connection
// has one batch on the way. It resends what was not answered until the server is
// back, so a batch may arrive twice, as from any station with a bad network.
type Replayer struct {
	City        *City
	Addr        string // host:port
	Order       Order
	Batch       int
	Connections int
	Patience    time.Duration // how long one batch is tried again before the replay gives up
	Path        string        // in place of the real endpoint: yardsticks
	Twice       bool          // sends one whole batch of 256 twice, as after a timeout

	// Counts of what has been answered, in items. Scans holds scan items, repeats included.
	Scans, Results, Others, Received, Accepted, Duplicates, Rejected atomic.Int64
	Requests, Retries                                                atomic.Int64

	personTube []uint32 // of random order: the tube of each person
	shuffle    shuffle
	mu         sync.Mutex
	answered   *sync.Cond
	busy       int // batches handed out and not answered
	rejects    []string
	failure    error
}

// Run replays the units of a day that keep says, in their order.
func (r *Replayer) Run(ctx context.Context, units []*unit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.answered = sync.NewCond(&r.mu)
	r.prepare(units)
	stop := context.AfterFunc(ctx, func() { r.mu.Lock(); r.answered.Broadcast(); r.mu.Unlock() })
	defer stop()
	jobs := make(chan job, r.Connections)
	var senders sync.WaitGroup
	for range r.Connections {
		senders.Go(func() {
			s := newSender(r)
			defer s.client.close()
			for j := range jobs {
				if err := s.send(ctx, j); err != nil {
					r.fail(err)
					cancel()
				}
				r.done(j.unit)
			}
		})
	}
	splitter := newSplitter(r.City, r.Batch)
	for _, u := range units {
		if !r.await(ctx, u) {
			break
		}
		splitter.split(u, func(j job) {
			r.mu.Lock()
			r.busy++
			r.mu.Unlock()
			jobs <- j
		})
		u.open.Add(-1)
	}
	close(jobs)
	senders.Wait()
	if r.failure != nil {
		return r.failure
	}
	return context.Cause(ctx)
}

// prepare makes what random order needs: who is in which tube.
func (r *Replayer) prepare(units []*unit) {
	for _, u := range units {
		if !u.shuffled || r.personTube != nil {
			continue
		}
		r.personTube = make([]uint32, r.City.plan.People)
		for t := range r.City.tubes {
			tb := &r.City.tubes[t]
			for j := range uint32(tb.n) {
				r.personTube[tb.first+j] = uint32(t)
			}
		}
		r.shuffle = newShuffle(uint64(r.City.plan.People), r.City.plan.Seed)
	}
}

// await waits until what a unit depends on has been answered.
func (r *Replayer) await(ctx context.Context, u *unit) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil && (u.after != nil && u.after.open.Load() > 0 || u.barrier && r.busy > 0) {
		r.answered.Wait()
	}
	return ctx.Err() == nil
}

func (r *Replayer) done(u *unit) {
	r.mu.Lock()
	r.busy--
	left := u.open.Add(-1)
	if left <= 1 || r.busy == 0 {
		r.answered.Broadcast()
	}
	r.mu.Unlock()
}

func (r *Replayer) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = err
	}
}

// Rejects explains the first rejected items.
func (r *Replayer) Rejects() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejects
}

// sender is one connection with its buffer and its script.
type sender struct {
	*Replayer
	client  *client
	buf     []byte
	encoder encoder
	script  script
	skip    int
	take    int
	counts  [eventKinds]int64
}

func newSender(r *Replayer) *sender {
	s := &sender{Replayer: r, client: newClient(r.Addr), buf: make([]byte, headRoom, headRoom+160*min(r.Batch, 4000))}
	s.encoder.city = r.City
	s.script = script{city: r.City, visit: s.append}
	return s
}

// append encodes an event if it belongs to the batch.
func (s *sender) append(ev *Event) {
	if s.skip > 0 {
		s.skip--
		return
	}
	if s.take == 0 {
		return
	}
	s.take--
	s.counts[ev.Kind]++
	s.buf = s.encoder.appendEvent(s.buf, ev)
}

// send encodes a batch, sends it until it is answered, and checks the answer.
func (s *sender) send(ctx context.Context, j job) error {
	if ctx.Err() != nil {
		return nil
	}
	s.encode(j)
	var items int64
	for _, n := range s.counts {
		items += n
	}
	if items == 0 {
		return nil
	}
	path := s.path(j.unit)
	times := 1
	if s.Twice && mix(uint64(j.sequence))%256 == 0 {
		times = 2
	}
	for range times {
		a, err := s.deliver(ctx, "POST", path)
		if err != nil {
			return err
		}
		if s.Path == "" {
			if err := s.check(a.body, items); err != nil {
				return err
			}
		}
		s.Scans.Add(s.counts[Scan])
		s.Results.Add(s.counts[Result])
		s.Others.Add(items - s.counts[Scan] - s.counts[Result])
	}
	return nil
}

func (s *sender) path(u *unit) string {
	switch {
	case s.Path != "":
		return s.Path
	case u.typed:
		return "/v1/events"
	case u.phase == phaseScan:
		return "/v1/scans"
	}
	return "/v1/results"
}

func (s *sender) encode(j job) {
	s.buf = s.buf[:headRoom]
	s.counts = [eventKinds]int64{}
	s.skip, s.take, s.encoder.typed = j.skip, j.take, j.unit.typed
	if !j.unit.shuffled {
		for t := j.tubes.from; t < j.tubes.to; t++ {
			s.script.emit(j.unit.phase, t)
		}
		return
	}
	for i := j.tubes.from; i < j.tubes.to; i += shuffledAtOnce {
		s.encodeShuffled(i, min(i+shuffledAtOnce, j.tubes.to))
	}
}

// shuffledAtOnce people are looked up together: their loads are independent, so the
// processor overlaps the cache misses, which else cost more than the encoding.
const shuffledAtOnce = 64

// encodeShuffled encodes the scans at positions [from, to) of random order.
//
// REQUIRES: to - from <= shuffledAtOnce.
func (s *sender) encodeShuffled(from, to uint32) {
	var people, tubes [shuffledAtOnce]uint32
	var oddities [shuffledAtOnce]oddity
	c, n := s.City, to-from
	for i := range n {
		people[i] = uint32(s.shuffle.at(uint64(from + i)))
	}
	for i := range n {
		tubes[i] = s.personTube[people[i]]
	}
	for i := range n {
		oddities[i] = c.tubes[tubes[i]].oddity
	}
	for i := range n {
		t, member := tubes[i], int(people[i]-c.tubes[tubes[i]].first)
		if oddities[i] != ordinary && !c.scannedLive(t, member) {
			continue
		}
		c.scan(&s.script.event, t, member)
		s.append(&s.script.event)
	}
}

// deliver sends the body in the buffer until the server takes it.
func (s *sender) deliver(ctx context.Context, method, path string) (answer, error) {
	begun, pause := time.Time{}, retryPause
	for {
		a, err := s.client.send(method, path, "application/x-ndjson", s.buf)
		s.Requests.Add(1)
		if err == nil && a.status == 200 {
			return a, nil
		}
		wait := pause
		switch {
		case err != nil:
			pause = min(2*pause, retryPauseMax)
		case a.status == 503 || a.status == 429:
			err = fmt.Errorf("cannot send a batch: got status %d; want 200", a.status)
			if a.retryAfter > 0 {
				wait = a.retryAfter
			}
		default:
			return a, fmt.Errorf("cannot send a batch to %s: got status %d (%s); want 200", path, a.status, errorCode(a.body))
		}
		s.Retries.Add(1)
		if begun.IsZero() {
			begun = time.Now()
		} else if time.Since(begun) > s.Patience {
			return a, fmt.Errorf("cannot send a batch to %s within %v: %w", path, s.Patience, err)
		}
		if err := pauseFor(ctx, wait/2+rand.N(wait/2+1)+wait/4); err != nil {
			return a, err
		}
	}
}

// pauseFor waits, or ends early with the context's error.
func pauseFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errorCode is the code of a refused request, or the reason why there is none.
func errorCode(body []byte) string {
	var e struct {
		Error struct{ Code, Message string } `json:"error"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Error.Code == "" {
		return "no error code"
	}
	return e.Error.Code + ": " + e.Error.Message
}

var errCounts = errors.New("cannot trust a batch answer: got received that is not accepted + duplicates + rejected, or not the items sent")

// check reads a batch answer and adds its counts.
func (s *sender) check(body []byte, items int64) error {
	received, ok1 := numberOf(body, "received")
	accepted, ok2 := numberOf(body, "accepted")
	duplicates, ok3 := numberOf(body, "duplicates")
	rejected, ok4 := numberOf(body, "rejected")
	if !ok1 || !ok2 || !ok3 || !ok4 || received != accepted+duplicates+rejected || received != items {
		return fmt.Errorf("%w: sent %d, received %d, accepted %d, duplicates %d, rejected %d", errCounts, items, received, accepted, duplicates, rejected)
	}
	s.Received.Add(received)
	s.Accepted.Add(accepted)
	s.Duplicates.Add(duplicates)
	if rejected > 0 {
		s.Rejected.Add(rejected)
		s.explain(body)
	}
	return nil
}

// explain keeps code and line of the first rejected items, without the person.
func (s *sender) explain(body []byte) {
	var a struct {
		Errors []struct {
			Index int
			Code  string
		}
	}
	if json.Unmarshal(body, &a) != nil {
		return
	}
	lines := bytes.Split(s.buf[headRoom:], []byte("\n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range a.Errors {
		if len(s.rejects) < rejectsShown && e.Index >= 0 && e.Index < len(lines) {
			line := bytes.ReplaceAll(lines[e.Index], []byte(fmt.Sprint(idArea)), []byte("…"))
			if _, after, ok := bytes.Cut(line, []byte(`"person":"`)); ok && len(after) > 16 {
				line = append(line[:len(line)-len(after):len(line)-len(after)], after[bytes.IndexByte(after, '"'):]...)
			}
			s.rejects = append(s.rejects, e.Code+": "+string(line))
		}
	}
}

// numberOf finds the number of a key of the outer object: the outer counts stand
// before or after the details, whose keys have other names.
func numberOf(body []byte, key string) (int64, bool) {
	i := bytes.Index(body, append(append([]byte{'"'}, key...), '"', ':'))
	if i < 0 {
		return 0, false
	}
	rest := bytes.TrimLeft(body[i+len(key)+3:], " ")
	var n int64
	digits := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
		digits++
	}
	return n, digits > 0
}
