package loadtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// preparation puts what a server knows before the day: areas, sites, laboratories,
// rounds, and everybody on the roster.
type preparation struct {
	replay *Replayer
	People atomic.Int64 // on the roster
}

// prepareBatch is the size of a batch of master data.
const prepareBatch = 5000

// prepare puts all master data of the city. Its counts are the replayer's, which is
// not the one that plays the day.
func (p *preparation) run(ctx context.Context) error {
	if !p.replay.City.mastered() {
		return nil
	}
	for _, put := range []func(context.Context) error{p.places, p.rounds, p.roster} {
		if err := put(ctx); err != nil {
			return err
		}
	}
	if n := p.replay.Rejected.Load(); n > 0 {
		return fmt.Errorf("cannot put the master data: got %d rejected items (%v); want none", n, p.replay.Rejects())
	}
	return nil
}

// liner collects the lines of one endpoint and sends them whenever a batch is full.
type liner struct {
	*sender
	method, path string
	lines        int64
	sent         *atomic.Int64
}

func (p *preparation) liner(method, path string, sent *atomic.Int64) *liner {
	l := &liner{sender: newSender(p.replay), method: method, path: path, sent: sent}
	l.buf = l.buf[:headRoom]
	return l
}

// end ends a line.
func (l *liner) end(ctx context.Context) error {
	l.buf = append(l.buf, '}', '\n')
	if l.lines++; l.lines < prepareBatch {
		return nil
	}
	return l.flush(ctx)
}

func (l *liner) flush(ctx context.Context) error {
	if l.lines == 0 {
		return nil
	}
	a, err := l.deliver(ctx, l.method, l.path)
	if err != nil {
		return err
	}
	if err := l.check(a.body, l.lines); err != nil {
		return err
	}
	if l.sent != nil {
		l.sent.Add(l.lines)
	}
	l.buf, l.lines = l.buf[:headRoom], 0
	return nil
}

// places puts areas, sites and laboratories.
func (p *preparation) places(ctx context.Context) error {
	c := p.replay.City
	var failed error
	keep := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	areas := p.liner("PUT", "/v1/areas", nil)
	defer areas.client.close()
	c.eachArea(func(a area) {
		areas.buf = fmt.Appendf(areas.buf, `{"area":"%d","name":"area %d"`, a, a%1000)
		if up := a.parent(); up != 0 {
			areas.buf = fmt.Appendf(areas.buf, `,"parent":"%d"`, up)
		}
		if r, ok := a.ownRisk(); ok {
			areas.buf = fmt.Appendf(areas.buf, `,"risk":"%s"`, riskNames[r])
		}
		keep(areas.end(ctx))
	})
	keep(areas.flush(ctx))
	sites := p.liner("PUT", "/v1/sites", nil)
	defer sites.client.close()
	for i := range c.sites {
		sites.buf = appendSite(append(sites.buf, `{"site":"`...), uint32(i))
		sites.buf = fmt.Appendf(sites.buf, `","name":"Site %d","area":"%d","kind":"fixed","lab":"L%d","opens":"06:00-21:30"`, i, community(uint32(i)), i%c.labs+1)
		keep(sites.end(ctx))
	}
	keep(sites.flush(ctx))
	labs := p.liner("PUT", "/v1/labs", nil)
	defer labs.client.close()
	for i := range c.labs + 1 {
		kind := "lab"
		if uint8(i) == c.diseaseControl() {
			kind = "cdc"
		}
		labs.buf = fmt.Appendf(labs.buf, `{"lab":"L%d","name":"Laboratory %d","kind":"%s"`, i+1, i+1, kind)
		keep(labs.end(ctx))
	}
	keep(labs.flush(ctx))
	return failed
}

// rounds puts the rounds; what a policy leaves out is the default.
func (p *preparation) rounds(ctx context.Context) error {
	for i := range p.replay.City.rounds {
		r := &p.replay.City.rounds[i]
		if !r.put {
			continue
		}
		for v := range r.versions {
			if err := p.putRound(ctx, r, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *preparation) putRound(ctx context.Context, r *round, version int) error {
	l := p.liner("PUT", "/v1/rounds/"+r.name, nil)
	defer l.client.close()
	l.buf = appendVersion(l.buf, &p.replay.City.clock, r, version)
	_, err := l.deliver(ctx, l.method, l.path)
	return err
}

// appendVersion appends the body that puts a version: the first says all, a later one
// what it changes.
func appendVersion(b []byte, clock *calendar, r *round, version int) []byte {
	v := &r.versions[version]
	sla := fmt.Sprintf(`"sla":{"recollect":"%dh"}`, v.recollect/3600)
	if version > 0 {
		b = append(append(append(b, '{'), sla...), `,"effective_at":"`...)
		return append(clock.appendTime(b, v.from), `"}`...)
	}
	b = fmt.Appendf(b, `{"name":"%s",%s,"window":"%dh","opens_at":"`, r.name, sla, v.window/3600)
	b = append(clock.appendTime(b, r.opens), '"')
	if r.closes != never {
		b = append(clock.appendTime(append(b, `,"closes_at":"`...), r.closes), '"')
	}
	areas := make([]string, len(r.areas))
	for i, a := range r.areas {
		areas[i] = `"` + a.String() + `"`
	}
	b = fmt.Appendf(b, `,"areas":[%s]`, strings.Join(areas, ","))
	say := func(said bool, field string) {
		if said {
			b = append(append(b, ','), field...)
		}
	}
	say(v.reported, `"basis":"reported"`)
	say(v.isolated, `"single_groups":["isolation"]`)
	say(v.deferred, `"vaccinated_48h":"defer"`)
	say(v.sameSpecimen, `"recheck":"same_specimen"`)
	say(v.releaseAll, `"release":"all"`)
	return append(b, '}')
}

// roster puts everybody who is registered where they live, all connections at once.
func (p *preparation) roster(ctx context.Context) error {
	c := p.replay.City
	var next atomic.Int64
	return inParallel(min(p.replay.Connections, len(c.sites)), func(int) error {
		l := p.liner("POST", "/v1/roster", &p.People)
		defer l.client.close()
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(c.sites) {
				return l.flush(ctx)
			}
			for _, tubes := range c.sites[i].tubes {
				for t := tubes.from; t < tubes.to; t++ {
					if err := p.tube(ctx, l, t); err != nil {
						return err
					}
				}
			}
		}
		return context.Cause(ctx)
	})
}

// tube puts the people of one tube of the day.
func (p *preparation) tube(ctx context.Context, l *liner, t uint32) error {
	c := p.replay.City
	households := c.households(t)
	for j := range int(c.tubes[t].n) {
		home := c.home(t, j)
		if home == 0 {
			continue
		}
		has := c.traitsOf(t, j)
		l.buf = append(appendPerson(append(l.buf, `{"person":"`...), c.tubes[t].first+uint32(j)), `","area":"`...)
		l.buf = appendHousehold(append(appendArea(l.buf, home), `","household":"`...), households[j])
		l.buf = append(l.buf, '"')
		if has.circle > 0 {
			l.buf = strconv.AppendInt(append(l.buf, `,"circle":`...), int64(has.circle), 10)
		}
		switch {
		case has.isolated:
			l.buf = append(l.buf, `,"groups":["isolation"]`...)
		case has.homeVisit:
			l.buf = append(l.buf, `,"groups":["medical_staff"],"home_visit":true`...)
		}
		if has.vaccinated != never {
			l.buf = fmt.Appendf(l.buf, `,"vaccinated_at":"%s"`, c.clock.instant(has.vaccinated).Format("2006-01-02T15:04:05Z07:00"))
		}
		if err := l.end(ctx); err != nil {
			return err
		}
	}
	return nil
}
