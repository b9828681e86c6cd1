package loadtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
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
	prepare := &preparation{replay: &Replayer{City: city, Addr: addr, Connections: 4, Patience: 30 * time.Second}}
	if err := prepare.run(ctx); err != nil {
		return 0, err
	}
	fmt.Fprintf(out, "%d people are on the roster, by community; the round is %s.\n", prepare.People.Load(), city.rounds[dayRound].name)
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
	if err := tellEvening(city, addr, out); err != nil {
		return 0, err
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
		if w.order.isOpen() {
			fmt.Fprintf(out, ", %s re-collection due %s", w.order.kind, w.order.due)
		}
		if w.recheck.isOpen() {
			fmt.Fprintf(out, ", recheck due %s", w.recheck.due)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// alertsTold is how many alerts are printed.
const alertsTold = 5

// tellEvening prints how far the round has come, district by district, and what
// somebody should look at.
func tellEvening(city *City, addr string, out io.Writer) error {
	client := newClient(addr)
	defer client.close()
	fmt.Fprintf(out, "\nCoverage of %s:\n", city.rounds[dayRound].name)
	path := "/v1/rounds/" + city.rounds[dayRound].name + "/coverage"
	for _, query := range []string{"", "?by=area&area=" + streetOf(0).parent().String()} {
		a, err := client.get(path + query)
		if err != nil || a.status != 200 {
			return fmt.Errorf("cannot read the coverage: got status %d, error %v; want 200", a.status, err)
		}
		for line := range bytes.Lines(a.body) {
			var c struct {
				Area                                          string
				Own                                           bool // the people of the area itself: nobody here
				Expected, Sampled, Excused, Missing, Resulted int64
			}
			if json.Unmarshal(line, &c) == nil && !c.Own {
				fmt.Fprintf(out, "  %-12s expected %5d = sampled %5d + excused %d + missing %d; %d have a result\n",
					cmp.Or(c.Area, "all"), c.Expected, c.Sampled, c.Excused, c.Missing, c.Resulted)
			}
		}
	}
	a, err := client.get("/v1/alerts")
	if err != nil || a.status != 200 {
		return fmt.Errorf("cannot read the alerts: got status %d, error %v; want 200", a.status, err)
	}
	n := 0
	for line := range bytes.Lines(a.body) {
		if n++; n == 1 {
			fmt.Fprintf(out, "\nAlerts:\n")
		}
		if n <= alertsTold {
			fmt.Fprintf(out, "  %s", line)
		}
	}
	if n > alertsTold {
		fmt.Fprintf(out, "  and %d more\n", n-alertsTold)
	}
	return nil
}

// tellTries ends with lines that can be pasted into a shell.
func tellTries(city *City, addr string, t uint32, out io.Writer) {
	tb := &city.tubes[t]
	fmt.Fprintf(out, "\nTry (everybody here is made up; the area 990101 is nobody's):\n")
	fmt.Fprintf(out, "  curl -s http://%s/v1/people/%s/status\n", addr, appendPerson(nil, tb.first+4))
	fmt.Fprintf(out, "  curl -s http://%s/v1/tubes/%s\n", addr, TubeCode{'T', t})
	fmt.Fprintf(out, "  curl -s 'http://%s/v1/rounds/%s/missing'\n", addr, city.rounds[dayRound].name)
	fmt.Fprintf(out, "  curl -s 'http://%s/v1/changes?states=held,suspect&limit=30'\n", addr)
}
