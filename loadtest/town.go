package loadtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A small town's day: 7,409 people, 15 sites with two tables each, 7:00 to 15:00.
const (
	townPeople = 7409
	townSites  = 15
	townHours  = 26 // by then the last re-collection has been reported
	townJudged = seconds(townHours * 3600)
	townSeed   = 7409
)

// townSteps tells the day of the household in the words of the street.
var townSteps = [...]struct {
	last phase
	told string
}{
	{phaseClose, "swabbed, their tube closed"},
	{phaseResult, "the laboratory reports the tube positive: all ten are held, ten single re-collections ordered"},
	{phaseAfter, "the ten single tubes are reported"},
}

// RunTown plays the town's day against a fresh server at addr, tells on out what
// happened to the one household, and checks everybody. It returns the number of
// differences.
func RunTown(ctx context.Context, addr string, out io.Writer) (int64, error) {
	city, err := NewCity(Plan{People: townPeople, Sites: townSites, Labs: 1, Seed: townSeed, Calm: true, OneHousehold: true,
		Day: dayEnding(time.Now(), townHours)})
	if err != nil {
		return 0, err
	}
	if err := refuseUsed(city, addr); err != nil {
		return 0, err
	}
	tube, _ := city.positiveTube()
	fmt.Fprintf(out, "A town's day: %d people, %d sites, %d samplers, %d tubes, 7:00 to 15:00.\n", townPeople, townSites, 2*townSites, len(city.tubes))
	replay := &Replayer{City: city, Addr: addr, Order: BySite, Batch: 200, Connections: 4, Patience: 30 * time.Second}
	units := city.schedule(BySite, 2)
	began := time.Now()
	for i, step := range townSteps {
		var now []*unit
		for _, u := range units {
			if u.phase <= step.last && (i == 0 || u.phase > townSteps[i-1].last) {
				u.after = nil // Run waits for its units below
				u.barrier = true
				now = append(now, u)
			}
		}
		if err := replay.Run(ctx, now); err != nil {
			return 0, err
		}
		if err := tellHousehold(city, addr, tube, step.told, out); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	if replay.Rejected.Load() > 0 {
		return 0, fmt.Errorf("cannot play the town's day: got %d rejected events (%v); want none", replay.Rejected.Load(), replay.Rejects())
	}
	check := &Checker{City: city, Addr: addr, Connections: 1, At: townJudged}
	if err := check.Run(ctx); err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "\n%d scans and %d results in %.2f s; %d people checked, %d differences.\n", replay.Scans.Load(), replay.Results.Load(),
		took.Seconds(), check.People.Load(), check.Differences.Load())
	for _, s := range check.Shown() {
		fmt.Fprintf(out, "  differs  %s\n", s)
	}
	tellTries(city, addr, tube, out)
	return check.Differences.Load(), nil
}

// positiveTube is the tube of the infected household.
func (c *City) positiveTube() (uint32, error) {
	for t := range c.tubes {
		if c.tubes[t].infected != 0 {
			return uint32(t), nil
		}
	}
	return 0, errors.New("cannot find the positive tube: got none; want one infected household")
}

// tellHousehold prints the states of the household and of the others of its tube,
// as the server gives them.
func tellHousehold(city *City, addr string, t uint32, told string, out io.Writer) error {
	tb := &city.tubes[t]
	client := newClient(addr)
	defer client.close()
	body := append(make([]byte, headRoom), `{"people":[`...)
	for j := range uint32(tb.n) {
		if j > 0 {
			body = append(body, ',')
		}
		body = append(body, '"')
		body = append(appendPerson(body, tb.first+j), '"')
	}
	a, err := client.post(statusPath(&city.clock, townJudged), "application/json", append(body, "]}"...))
	if err != nil {
		return fmt.Errorf("cannot read the household's status: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("cannot read the household's status: got status %d; want 200", a.status)
	}
	fmt.Fprintf(out, "\n%s: %s\n", TubeCode{'T', t}, told)
	var w wireStatus
	for line, j := a.body, 0; j < int(tb.n); j++ {
		one, rest, _ := bytes.Cut(line, []byte("\n"))
		line = rest
		if err := readStatus(one, &w); err != nil {
			return err
		}
		who := "other people"
		if tb.infected>>j&1 == 1 {
			who = "the household"
		}
		fmt.Fprintf(out, "  member %2d  %-14s %-9s %-7s", j+1, who, w.state, w.code)
		for _, c := range w.causes {
			fmt.Fprintf(out, " because of %s (%s)", c.tube, c.kind)
		}
		if w.orderState != nil {
			fmt.Fprintf(out, ", %s re-collection due %s", w.orderKind, w.due)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// tellTries ends with lines that can be pasted into a shell.
func tellTries(city *City, addr string, t uint32, out io.Writer) {
	tb := &city.tubes[t]
	fmt.Fprintf(out, "\nTry (everybody here is made up; the area 990101 is nobody's):\n")
	fmt.Fprintf(out, "  curl -s http://%s/v1/people/%s/status\n", addr, appendPerson(nil, tb.first+4))
	fmt.Fprintf(out, "  curl -s http://%s/v1/tubes/%s\n", addr, TubeCode{'T', t})
	fmt.Fprintf(out, "  curl -s 'http://%s/v1/changes?states=held,suspect&limit=30'\n", addr)
}
