package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Checker asks for the status of everybody, for all open re-collection orders and for
// the coverage of all rounds, and compares them with the oracle.
type Checker struct {
	City        *City
	Addr        string
	Connections int
	At          seconds

	People, Differences atomic.Int64
	Orders, Places      atomic.Int64             // compared
	States              [stateKinds]atomic.Int64 // people the oracle expects in each state

	mu       sync.Mutex
	shown    []string
	orders   map[orderKey]errand // that the oracle expects to be open
	coverage coverage
}

// orderKey names an open order: a human has at most one of each kind.
type orderKey struct {
	who     identity
	recheck bool
}

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
	c.orders, c.coverage = map[orderKey]errand{}, coverage{}
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
			k.tellCoverage()
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
	if err := c.checkOrders(); err != nil {
		return err
	}
	return c.checkCoverage()
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
	covered  coverage
	spare    expectation
}

func newCheckWorker(c *Checker) *checkWorker {
	return &checkWorker{Checker: c, client: newClient(c.Addr), oracle: newOracle(c.City), covered: coverage{},
		comparer: comparer{clock: &c.City.clock, at: c.At}, path: statusPath(&c.City.clock, c.At)}
}

// site adds the people of a site, asking whenever a request is full.
func (k *checkWorker) site(i int) error {
	k.oracle.load(i)
	if k.City.mastered() {
		k.oracle.cover(k.covered, &k.spare)
	}
	for who := range k.oracle.people {
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
		k.oracle.expect(int32(who), e)
		k.count(e)
	}
	return nil
}

func (k *checkWorker) count(e *expectation) {
	k.States[e.state].Add(1)
	if e.root != e.id || e.order.due == never && e.recheck.due == never {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if e.order.due != never {
		k.orders[orderKey{e.id, false}] = e.order
	}
	if e.recheck.due != never {
		k.orders[orderKey{e.id, true}] = e.recheck
	}
}

// tellCoverage adds what this worker counted to the whole.
func (k *checkWorker) tellCoverage() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p, c := range k.covered {
		k.coverage.of(p).add(c)
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
		k.body = append(k.expected[i].id.append(k.body), '"')
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
	var id []byte
	for i := range k.expected {
		e := &k.expected[i]
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		if err := readStatus(line, &k.status); err != nil {
			k.differ("%s: %v: got %d bytes", k.City.describe(e.id), err, len(line))
			continue
		}
		if id = e.id.append(id[:0]); !bytes.Equal(id, k.status.person) {
			k.differ("%s: the answer is about another person", k.City.describe(e.id))
			continue
		}
		if why := k.comparer.compare(&k.status, e); why != "" {
			k.differ("%s: %s", k.City.describe(e.id), why)
		}
	}
	if len(bytes.TrimSpace(body)) > 0 {
		k.differ("%d more bytes than people in an answer", len(body))
	}
}

// describe names somebody by the generator's numbers.
func (c *City) describe(id identity) string {
	if int64(id.person) >= int64(c.plan.People) {
		return fmt.Sprintf("person %d, who is not of the city", id.person)
	}
	t, j := c.seat(id.person)
	how := ""
	if id.noted {
		how = " without a document"
	}
	return fmt.Sprintf("person %d%s (member %d of %s, %s)", id.person, how, j, TubeCode{'T', t}, oddityNames[c.tubes[t].oddity])
}
