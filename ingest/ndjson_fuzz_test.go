package ingest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"poolwise/engine"
)

// fuzzSeeds are bodies near the borders of the rules.
var fuzzSeeds = []string{
	scan, scan + "\n" + scan + "\r\n\n" + scan, "\ufeff" + scan, scanWith(`"id":"\ud842\udfb7"`), scanWith(`"x":{"a":[1,2.5e3,true,null]}`), scanWith(`"name":"陈小红","late":true`),
	scanWith(`"tube":" ｔ1 "`), `{"type":"tube.open","tube":"T1","at":"2022-04-04T08:00:00Z","capacity":10,"mode":"pool"}`, `{"type":"tube.close","tube":"T1","at":"2022-04-04T08:00:00Z","members":7}`,
	`{"type":"result","tube":"T1","lab":"L1","verdict":"positive","tested_at":"2022-04-04T08:00:00Z","targets":[{"gene":"N","ct":36.2},{"gene":"E"}]}`,
	`{"type":"unscan","tube":"T1","person":"hkm:H1234567801","at":"2022-04-04T08:00:00.5-05:00","reason":"x\"y"}`, "[" + scan + "," + scan + "]", `{"a":1,"a":1}`, "{}", "[]", `"`, `{"`, "{\"a\":\"\xff\"}",
}

func init() {
	fuzzSeeds = append(fuzzSeeds, eventLines...)
	fuzzSeeds = append(fuzzSeeds, rosterLine, roundBody, scanWith(`"area":"350582","household":"H1","retained_of":"T9"`), `{"area":"35","parent":null,"risk":"low","name":"x"}`,
		`{"site":"S1","area":"35","kind":"fixed","lab":"L1","opens":"06:00-21:30"}`, `{"lab":"L1","kind":"cdc"}`, `{"caps":{"low":null,"x":[{}]},"sla":null,"areas":[],"round":"R1"}`,
		`{"type":"box.pack","box":"B1","tubes":["T1"],"at":"2022-04-04T08:00:00Z"}`)
}

// One pair of decoders for all bodies: to make one costs more than a short body, and
// what a body leaves behind must not matter to the next.
var checkFast, checkStrict = NewDecoder(), &Decoder{generalOnly: true}

// checkBody holds one body to what all bodies must satisfy.
func checkBody(t *testing.T, text []byte) {
	fast, strict := checkFast, checkStrict
	var a, b Decoded
	var again engine.Batch
	var journal []byte
	for _, endpoint := range []Endpoint{Events, Scans, Results, Areas, Sites, Labs, Round, Roster} {
		o := Options{Endpoint: endpoint, Now: benchNow, People: nobody{}, Round: []byte("R1")}
		errA, errB := fast.NDJSON(text, o, &a), strict.NDJSON(text, o, &b)
		if errA != errB || !sameDecoded(&a, &b) {
			t.Fatalf("NDJSON: fast and strict differ on %q\n%+v %v\n%+v %v", text, a, errA, b, errB)
		}
		if b := &a.Batch; b.Len() > 0 {
			journal = engine.AppendBatch(journal[:0], b)
			if _, err := engine.DecodeBatch(journal, &again); err != nil {
				t.Fatalf("%q: the journal's form is not read: %v", text, err)
			}
		}
		if a.Batch.Len()+a.Rejected != a.Received {
			t.Fatalf("%q: %d rows and %d errors of %d items", text, a.Batch.Len(), a.Rejected, a.Received)
		}
		errA, errB = fast.JSON(text, o, &a), strict.JSON(text, o, &b)
		if errA != errB || !sameDecoded(&a, &b) {
			t.Fatalf("JSON: fast and strict differ on %q\n%+v %v\n%+v %v", text, a, errA, b, errB)
		}
	}
	body := bytes.TrimPrefix(text, []byte("\ufeff"))
	if fast.JSON(text, Options{Now: benchNow}, &a) == nil && a.Rejected == 0 && !json.Valid(body) {
		t.Fatalf("%q is taken, and is no JSON", text)
	}
	var it item
	f := strict.general.item(text, &it)
	valid := json.Valid(text)
	switch {
	case f == nil && (!valid || !utf8.Valid(text)):
		t.Fatalf("%q is taken, and is no JSON", text)
	case f == faultNotJSON && valid:
		t.Fatalf("%q is refused as JSON, and is JSON", text)
	case f == faultNotObject && !valid:
		t.Fatalf("%q is called JSON, and is none", text)
	}
}

func FuzzNDJSON(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkBody(t, text) })
}

func TestDamagedBodies(t *testing.T) {
	// Ensures that fast and strict reading agree on thousands of damaged bodies, and with encoding/json on what JSON is.
	r := rand.New(rand.NewPCG(7, 8))
	const dirt = "{}[]\",:\\ \t\r\n0123456789eE+-.tfnulrTZzabxX\x00\x1f\x7f\x80\xff\xe9"
	for range 30000 {
		text := []byte(fuzzSeeds[r.IntN(len(fuzzSeeds))])
		for range 1 + r.IntN(4) {
			at := r.IntN(len(text) + 1)
			switch r.IntN(4) {
			case 0:
				text = append(text[:at:at], append([]byte{dirt[r.IntN(len(dirt))]}, text[at:]...)...)
			case 1:
				if at < len(text) {
					text[at] = dirt[r.IntN(len(dirt))]
				}
			case 2:
				to := min(len(text), at+1+r.IntN(4))
				text = append(text[:at:at], text[to:]...)
			case 3:
				text = append(text, fuzzSeeds[r.IntN(len(fuzzSeeds))]...)
			}
		}
		checkBody(t, text)
	}
}
