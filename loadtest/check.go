package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Checker asks for the status of every person and for all open re-collection
// orders, and compares them with the oracle.
type Checker struct {
	City        *City
	Addr        string
	Connections int
	At          seconds

	People, Differences atomic.Int64
	States              [len(stateNames)]atomic.Int64 // people the oracle expects in each state

	mu     sync.Mutex
	shown  []string
	orders map[uint32]struct{} // people whom the oracle expects to have an open order
}

var stateNames = [...]string{"negative", "sampled", "held", "suspect", "unknown"}

// Shown explains the first differences: by ordinal of the generator, never by ID.
func (c *Checker) Shown() []string { return c.shown }

func (c *Checker) differ(format string, values ...any) {
	c.Differences.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.shown) < differencesShown {
		c.shown = append(c.shown, fmt.Sprintf(format, values...))
	}
}

// statusPath is POST /v1/status judged at an instant.
func statusPath(clock *calendar, at seconds) string {
	return "/v1/status?at=" + url.QueryEscape(clock.instant(at).Format(time.RFC3339))
}

// Run compares everybody. An error means that the comparison could not be made;
// differences are counted, not errors.
func (c *Checker) Run(ctx context.Context) error {
	c.orders = map[uint32]struct{}{}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, c.Connections)
	for range c.Connections {
		wg.Go(func() {
			k := newCheckWorker(c)
			defer k.client.close()
			for ctx.Err() == nil {
				site := int(next.Add(1)) - 1
				if site >= len(c.City.sites) {
					break
				}
				if err := k.site(site); err != nil {
					errs <- err
					return
				}
			}
			if err := k.ask(); err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.checkOrders()
}

// checkWorker asks on one connection, 10,000 people a request.
type checkWorker struct {
	*Checker
	client   *client
	oracle   *oracle
	comparer comparer
	path     string
	body     []byte
	expected []expectation
	status   wireStatus
}

func newCheckWorker(c *Checker) *checkWorker {
	return &checkWorker{Checker: c, client: newClient(c.Addr), oracle: newOracle(c.City),
		comparer: comparer{clock: &c.City.clock, at: c.At}, path: statusPath(&c.City.clock, c.At)}
}

// site adds the people of a site, asking whenever a request is full.
func (k *checkWorker) site(i int) error {
	k.oracle.load(i)
	for p := k.City.sites[i].first; p < k.City.personsEnd(i); p++ {
		if len(k.expected) == statusPeopleMax {
			if err := k.ask(); err != nil {
				return err
			}
		}
		n := len(k.expected)
		if n < cap(k.expected) {
			k.expected = k.expected[:n+1]
		} else {
			k.expected = append(k.expected, expectation{})
		}
		e := &k.expected[n]
		k.oracle.expect(p, e)
		k.count(e)
	}
	return nil
}

func (k *checkWorker) count(e *expectation) {
	for i, name := range stateNames {
		if name == e.state {
			k.States[i].Add(1)
		}
	}
	if e.order {
		k.mu.Lock()
		k.orders[e.person] = struct{}{}
		k.mu.Unlock()
	}
}

// ask fetches and compares the people collected so far.
func (k *checkWorker) ask() error {
	if len(k.expected) == 0 {
		return nil
	}
	if k.body == nil {
		k.body = make([]byte, headRoom, headRoom+statusPeopleMax*(idLength+3)+32)
	}
	k.body = append(k.body[:headRoom], `{"people":[`...)
	for i := range k.expected {
		if i > 0 {
			k.body = append(k.body, ',')
		}
		k.body = append(k.body, '"')
		k.body = append(appendPerson(k.body, k.expected[i].person), '"')
	}
	k.body = append(k.body, ']', '}')
	a, err := k.client.post(k.path, "application/json", k.body)
	if err != nil {
		return fmt.Errorf("cannot read the statuses: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("cannot read the statuses: got status %d (%s); want 200", a.status, errorCode(a.body))
	}
	k.compareAll(a.body)
	k.People.Add(int64(len(k.expected)))
	k.expected = k.expected[:0]
	return nil
}

func (k *checkWorker) compareAll(body []byte) {
	var id [idLength]byte
	for i := range k.expected {
		e := &k.expected[i]
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		if err := readStatus(line, &k.status); err != nil {
			k.differ("person %d: %v: got %d bytes", e.person, err, len(line))
			continue
		}
		if !bytes.Equal(appendPerson(id[:0], e.person), k.status.person) {
			k.differ("person %d: the answer is about another person", e.person)
			continue
		}
		if why := k.comparer.compare(&k.status, e); why != "" {
			t, j := k.City.tubeOf(e.person)
			k.differ("person %d (member %d of %s, oddity %d): %s", e.person, j, TubeCode{'T', t}, k.City.tubes[t].oddity, why)
		}
	}
	if len(bytes.TrimSpace(body)) > 0 {
		k.differ("%d more bytes than people in an answer", len(body))
	}
}

// tubeOf finds the tube of the day in which a person was swabbed. Slow: for reports only.
func (c *City) tubeOf(person uint32) (t uint32, member int) {
	for t := range c.tubes {
		if tb := &c.tubes[t]; person >= tb.first && person < tb.first+uint32(tb.n) {
			return uint32(t), int(person - tb.first)
		}
	}
	panic("loadtest: BUG: a person without a tube")
}

// checkOrders reads all open orders and compares their people with the oracle's.
// Recheck tasks of suspects are passed over.
func (c *Checker) checkOrders() error {
	client := newClient(c.Addr)
	defer client.close()
	after := ""
	for {
		path := fmt.Sprintf("/v1/recollections?state=open&limit=%d", recollectionPage)
		if after != "" {
			path += "&after=" + url.QueryEscape(after)
		}
		a, err := client.get(path)
		if err != nil {
			return fmt.Errorf("cannot read the re-collection orders: %w", err)
		}
		if a.status != 200 {
			return fmt.Errorf("cannot read the re-collection orders: got status %d (%s); want 200", a.status, errorCode(a.body))
		}
		for line := range bytes.Lines(a.body) {
			c.checkOrder(line)
		}
		if a.nextAfter == "" || a.nextAfter == after {
			break
		}
		after = a.nextAfter
	}
	for person := range c.orders {
		c.differ("person %d: /v1/recollections has no open order", person)
	}
	return nil
}

func (c *Checker) checkOrder(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	var order struct{ Person, Kind, State string }
	if err := json.Unmarshal(line, &order); err != nil {
		c.differ("cannot read an order: got %d bytes that are not JSON", len(line))
		return
	}
	person, ok := personOrdinal([]byte(order.Person))
	if order.Kind == "recheck" {
		return
	}
	if _, expected := c.orders[person]; !ok || !expected {
		c.differ("person %d: /v1/recollections has an open order of kind %s that should not be (or twice)", person, order.Kind)
		return
	}
	delete(c.orders, person)
}
