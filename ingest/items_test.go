package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// checkItems holds a body's items to what its decoder said of it.
func checkItems(t *testing.T, text []byte) {
	t.Helper()
	var d Decoded
	for _, endpoint := range []Endpoint{Events, Scans, Roster} {
		o := Options{Endpoint: endpoint, Now: benchNow, People: nobody{}}
		for _, f := range []Format{FormatNDJSON, FormatJSON, FormatCSV} {
			var err error
			if f == FormatJSON {
				err = checkFast.JSON(text, o, &d)
			} else {
				err = checkFast.NDJSON(text, o, &d)
			}
			if err != nil {
				Items(f, text, []uint32{0, 1}, func(uint32, []byte) {}) // no harm
				continue
			}
			all := make([]uint32, d.Received, d.Received+1)
			for i := range all {
				all[i] = uint32(i)
			}
			var texts [][]byte
			Items(f, text, append(all, uint32(d.Received)), func(index uint32, item []byte) {
				if index != uint32(len(texts)) {
					t.Fatalf("%q: got item %d; want %d", text, index, len(texts))
				}
				texts = append(texts, item)
			})
			if len(texts) != d.Received {
				t.Fatalf("format %d, %q: got %d items; want %d", f, text, len(texts), d.Received)
			}
			i := 0
			errors := d.Errors
			Faults(f, o, texts, func(e *ItemError) {
				refused := len(errors) > 0 && errors[0].Index == uint32(i)
				if refused != (e != nil) || refused && (e.Code != errors[0].Code || e.Message != errors[0].Message || e.Field != errors[0].Field) {
					t.Fatalf("format %d, %q: item %d: got %v; want %v", f, text, i, e, errors)
				}
				if refused {
					errors = errors[1:]
				}
				i++
			})
			if i != d.Received {
				t.Fatalf("%q: faults of %d items; want %d", text, i, d.Received)
			}
		}
	}
}

func FuzzItems(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkItems(t, text) })
}

func TestItems(t *testing.T) {
	// Ensures that of random bodies, damaged ones among them, the items are those that the
	// decoder counted, and are refused again for the same reasons when they stand alone.
	r := rand.New(rand.NewPCG(3, 9))
	const dirt = "{}[]\",: \t\r\n0x\xff\xef\xbb\xbf"
	for range 5000 {
		var b bytes.Buffer
		open, between, end := "", []string{"\n", "\r\n", "\n \n", "\r\r\n"}, []string{"", "\n", "\n\n"}
		if r.IntN(2) == 0 {
			open, between, end = "[", []string{",", " ,\n", ",\r\n\t"}, []string{"]", "\n]\n"}
		}
		if r.IntN(4) == 0 {
			b.Write(byteOrderMark)
		}
		b.WriteString(open)
		for i := range 1 + r.IntN(8) {
			if i > 0 {
				b.WriteString(between[r.IntN(len(between))])
			}
			if r.IntN(8) == 0 {
				b.Write(byteOrderMark)
			}
			b.WriteString(fuzzSeeds[r.IntN(len(fuzzSeeds))])
		}
		b.WriteString(end[r.IntN(len(end))])
		text := b.Bytes()
		for range r.IntN(3) {
			text[r.IntN(len(text))] = dirt[r.IntN(len(dirt))]
		}
		checkItems(t, text)
	}
}

func TestItemsWanted(t *testing.T) {
	// Ensures that just the wanted items are handed out: of lines without blank ones and
	// line ends, of a pretty array as they stand.
	for _, c := range []struct {
		f    Format
		body string
		want []uint32
		text string
	}{
		{FormatNDJSON, "\ufeff{\"a\":1}\r\n\n \t\nx\n\r\n{}", []uint32{0, 1, 2}, `0={"a":1}|1=x|2={}|`},
		{FormatNDJSON, "a\nb\nc\n", []uint32{1}, `1=b|`},
		{FormatXLSX, "a\nb\nc\n", []uint32{0, 2}, `0=a|2=c|`},
		{FormatJSON, "\ufeff [ {\"a\":[1,{}]} ,\n 5,\"x]\\\"\" ,{\n} ] ", []uint32{0, 1, 2, 3}, "0={\"a\":[1,{}]}|1=5|2=\"x]\\\"\"|3={\n}|"},
		{FormatJSON, " {\"a\":\"}\"} ", []uint32{0}, `0={"a":"}"}|`},
		{FormatJSON, `[1,2,3]`, nil, ``},
	} {
		var got strings.Builder
		Items(c.f, []byte(c.body), c.want, func(index uint32, text []byte) { fmt.Fprintf(&got, "%d=%s|", index, text) })
		if got.String() != c.text {
			t.Errorf("%q: got %s; want %s", c.body, got.String(), c.text)
		}
	}
}

func TestFaultsOfManyItems(t *testing.T) {
	// Ensures that the reasons of 2,500 items, some of them too long, come in order.
	var texts [][]byte
	for i := range 2500 {
		switch i % 5 {
		case 0:
			texts = append(texts, []byte(scan))
		case 1:
			texts = append(texts, []byte(`{"tube":"T1","person":"990101199003070024","at":"2022-04-04T08:00:00Z"}`))
		case 2:
			texts = append(texts, []byte("x"))
		case 3:
			texts = append(texts, []byte(strings.Repeat("y", MaxItemBytes+1)))
		case 4:
			texts = append(texts, []byte(`{"tube":"T1"}`))
		}
	}
	for _, f := range []Format{FormatNDJSON, FormatJSON} {
		i := 0
		Faults(f, Options{Endpoint: Scans, Now: benchNow}, texts, func(e *ItemError) {
			want := []Code{"", CodePersonInvalid, CodeBadSyntax, CodeBadSyntax, CodeFieldMissing}[i%5]
			if (e == nil) != (want == "") || e != nil && (e.Code != want || i%5 == 3 && e.Message != faultTooLong.message) {
				t.Fatalf("item %d: got %v; want %s", i, e, want)
			}
			i++
		})
		if f == FormatNDJSON && i != len(texts) {
			t.Fatalf("got %d; want %d", i, len(texts))
		}
		if f == FormatJSON {
			break
		}
		for k := range texts { // an array with x for an element would be no body
			if k%5 == 2 {
				texts[k] = []byte("7")
			}
		}
	}
}
