package ingest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"poolwise/engine"
)

// benchNow is the server's clock of tests and benchmarks: 2022-04-04T12:00:00Z.
const benchNow = 1649073600

// residentID makes the n-th of many valid IDs.
func residentID(n int) string {
	y, m, d := 1930+n%90, 1+n/90%12, 1+n/1080%28
	digits := fmt.Sprintf("%06d%04d%02d%02d%03d", 350582+n/30240%97, y, m, d, n%1000)
	var digits17 uint64
	fmt.Sscan(strings.TrimLeft(digits, "0"), &digits17)
	return string(AppendResident(nil, digits17))
}

// scanLines makes n scans of 15 sites, ten to a tube, in the order of the sites.
func scanLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		site := i * 15 / n
		at := time.Unix(benchNow-36000+int64(i%n), 0).In(time.FixedZone("", 8*3600)).Format(time.RFC3339)
		lines[i] = fmt.Sprintf(`{"tube":"T%02d%06d","person":"%s","at":"%s","site":"S%02d","station":"S%02d-1"}`, site, i/10, residentID(i*7919), at, site, site)
	}
	return lines
}

func shuffled(lines []string) []string {
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines
}

func body(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

type nobody struct{}

func (nobody) FindResidents([]engine.PersonRef) {}

func (nobody) Find(engine.PersonRef, []byte) engine.PersonOrdinal { return 0 }

// benchDecode decodes bodies in turn, so that the branch predictor cannot learn one by heart.
func benchDecode(b *testing.B, bodies [][]byte, generalOnly bool) {
	d, out := NewDecoder(), new(Decoded)
	d.generalOnly = generalOnly
	o := Options{Endpoint: Scans, Now: benchNow, People: nobody{}}
	scans, size := 0, int64(0)
	for _, body := range bodies {
		size += int64(len(body))
	}
	b.SetBytes(size / int64(len(bodies)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.NDJSON(bodies[i%len(bodies)], o, out); err != nil || out.Rejected > 0 {
			b.Fatal(err, out.Errors)
		}
		scans += out.Received
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(scans), "ns/scan")
}

// split cuts lines into bodies of 1,000.
func split(lines []string) (bodies [][]byte) {
	for len(lines) > 0 {
		bodies = append(bodies, body(lines[:1000]))
		lines = lines[1000:]
	}
	return bodies
}

func BenchmarkSiteOrder(b *testing.B)   { benchDecode(b, split(scanLines(32000)), false) }
func BenchmarkRandomOrder(b *testing.B) { benchDecode(b, split(shuffled(scanLines(32000))), false) }
func BenchmarkNames(b *testing.B) {
	lines := scanLines(32000)
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "}") + `,"name":"陈小红","phone":"13800000000","source":"id_card"}`
	}
	benchDecode(b, split(lines), false)
}

// The designs that lost: the strict parser alone, and encoding/json into a struct.
func BenchmarkGeneralOnly(b *testing.B) { benchDecode(b, split(scanLines(32000)), true) }
func BenchmarkEncodingJSON(b *testing.B) {
	bodies := split(scanLines(32000))
	scans := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for line := range strings.Lines(string(bodies[i%len(bodies)])) {
			var v struct{ Tube, Person, At, Site, Station string }
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				b.Fatal(err)
			}
			if _, err := time.Parse(time.RFC3339, v.At); err != nil {
				b.Fatal(err)
			}
			scans++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(scans), "ns/scan")
}
