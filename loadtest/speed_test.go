package loadtest

import "testing"

func plainCity(t testing.TB, people int, seed uint64) *City {
	t.Helper()
	c, err := NewCity(Plan{People: people, Seed: seed, Prevalence: 0.004, Day: testDay, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// BenchmarkEncode is the generator's cost of a scan, by order; it has to stay well
// below the server's.
func BenchmarkEncode(b *testing.B) {
	for _, order := range []Order{BySite, Random} {
		b.Run(string(order), func(b *testing.B) {
			city := plainCity(b, 2_000_000, 1)
			r := &Replayer{City: city, Order: order, Batch: 1000}
			units := city.schedule(order, 2)
			r.prepare(units)
			s, split := newSender(r), newSplitter(city, 1000)
			var jobs []job
			for _, u := range units {
				if u.phase == phaseScan {
					split.split(u, func(j job) { jobs = append(jobs, j) })
				}
			}
			b.ResetTimer()
			for i := range b.N {
				s.encode(jobs[i%len(jobs)])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/scan")
		})
	}
}

// BenchmarkExpect is the oracle's cost of a person.
func BenchmarkExpect(b *testing.B) {
	for name, city := range map[string]*City{"plain": plainCity(b, 200_000, 1), "whole": testCity(b, 200_000, 1)} {
		b.Run(name, func(b *testing.B) {
			o := newOracle(city)
			var e expectation
			people := 0
			for i := range b.N {
				o.load(i % len(city.sites))
				for who := range o.people {
					o.expect(int32(who), &e)
					people++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(people), "ns/person")
		})
	}
}

// BenchmarkReadStatus is the cost of reading and comparing one answer.
func BenchmarkReadStatus(b *testing.B) {
	line := []byte(`{"person":"990101199003070023","state":"negative","code":"green","since":"2022-04-04T14:02:11+08:00","code_until":"2022-04-06T08:10:00+08:00","last_negative":{"tube":"T0000000099","sampled_at":"2022-04-04T08:10:00+08:00","reported_at":"2022-04-04T14:02:11+08:00","basis":"pool"},"proof":{"window":"48h","valid":true,"expires_at":"2022-04-06T08:10:00+08:00"},"pending":null,"causes":[],"recollection":null,"as_of":48211}`)
	clock := newCalendar(testDay)
	c := comparer{clock: &clock, at: 3600}
	e := expectation{state: stateNegative, since: 14*3600 + 131, hasNegative: true, window: windowSeconds, order: errand{due: never}, recheck: errand{due: never}}
	e.negative.tube, e.negative.swab, e.negative.reported, e.negative.mode = TubeCode{'T', 99}, 8*3600+600, e.since, Pool
	var w wireStatus
	for b.Loop() {
		if err := readStatus(line, &w); err != nil {
			b.Fatal(err)
		}
		if why := c.compare(&w, &e); why != "" {
			b.Fatal(why)
		}
	}
}
