package ingest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"poolwise/engine"
)

// Neutral, valid IDs: an area that no table has, and the standard's own examples.
const (
	ada  = "990101199003070023"
	scan = `{"tube":"T100","person":"990101199003070023","at":"2022-04-04T08:01:00+08:00"}`
)

// decode reads lines with both paths, checks that they agree, and gives the outcome.
func decode(t *testing.T, o Options, text string) (*Decoded, error) {
	t.Helper()
	if o.Now == 0 {
		o.Now = benchNow
	}
	d, out := NewDecoder(), new(Decoded)
	err := d.NDJSON([]byte(text), o, out)
	strict, want := NewDecoder(), new(Decoded)
	strict.generalOnly = true
	wantErr := strict.NDJSON([]byte(text), o, want)
	if err != wantErr || !sameDecoded(out, want) {
		t.Fatalf("fast and strict differ on %q:\n%+v %v\n%+v %v", text, out, err, want, wantErr)
	}
	return out, err
}

// sameDecoded compares what a decoder fills; nil and empty slices are equal.
func sameDecoded(a, b *Decoded) bool {
	x, y := &a.Batch, &b.Batch
	return a.Received == b.Received && a.Rejected == b.Rejected && slices.Equal(a.Index, b.Index) && slices.Equal(a.Errors, b.Errors) &&
		x.Received == y.Received && x.Roles == y.Roles && slices.Equal(x.Kind, y.Kind) && bytes.Equal(x.Bits, y.Bits) && slices.Equal(x.Tube, y.Tube) &&
		slices.Equal(x.Person, y.Person) && slices.Equal(x.At, y.At) && slices.Equal(x.Ctx, y.Ctx) && slices.Equal(x.Arg, y.Arg) && slices.Equal(x.Extra, y.Extra) &&
		slices.Equal(x.Tubes, y.Tubes) && slices.Equal(x.TubeHash, y.TubeHash) && slices.Equal(x.Contexts, y.Contexts) && bytes.Equal(x.Bytes, y.Bytes)
}

// scanWith builds a scan with one more member, or with one replaced.
func scanWith(member string) string {
	key := member[:strings.Index(member, ":")]
	line := "{" + member
	for _, m := range []string{`"tube":"T100"`, `"person":"` + ada + `"`, `"at":"2022-04-04T08:01:00+08:00"`} {
		if !strings.HasPrefix(m, key) {
			line += "," + m
		}
	}
	return line + "}"
}

// outcome is "ok" or the code of the only item.
func outcome(t *testing.T, o Options, line string) string {
	t.Helper()
	out, err := decode(t, o, line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if out.Received != 1 || out.Batch.Len()+out.Rejected != 1 {
		t.Fatalf("%s: received %d, rows %d, rejected %d", line, out.Received, out.Batch.Len(), out.Rejected)
	}
	if out.Rejected == 1 {
		b := &out.Batch
		if len(b.Bytes)+len(b.Tubes)+len(b.Contexts)+len(b.TubeHash) > 0 {
			t.Fatalf("%s: refused, and left %q in the batch", line, b.Bytes)
		}
		return string(out.Errors[0].Code)
	}
	return "ok"
}

func TestScanFields(t *testing.T) {
	// Ensures that every field of a scan is checked by its own rule.
	long := strings.Repeat("x", 257)
	for _, c := range []struct{ member, want string }{
		{`"tube":"T100"`, "ok"}, {`"tube":" t100 "`, "ok"}, {`"tube":"Ｔ１００－ａ"`, "ok"}, {`"tube":"　T100　"`, "ok"},
		{`"tube":""`, "field_invalid"}, {`"tube":"T 100"`, "field_invalid"}, {`"tube":"T_100"`, "field_invalid"},
		{`"tube":"管100"`, "field_invalid"}, {`"tube":100`, "field_invalid"}, {`"tube":null`, "field_missing"},
		{`"tube":"` + strings.Repeat("A", 32) + `"`, "ok"}, {`"tube":"` + strings.Repeat("A", 33) + `"`, "field_invalid"},
		{`"person":"990101199003070024"`, "person_invalid"}, {`"person":990101199003070023`, "field_invalid"},
		{`"person":"passport:USA:560018274"`, "ok"}, {`"person":""`, "person_invalid"},
		{`"person":"\u0039` + ada[1:] + `"`, "ok"},
		{`"at":"2022-04-04T08:01:00"`, "time_without_offset"}, {`"at":"2022-04-04T21:01:00+08:00"`, "time_in_future"},
		{`"at":1649030460`, "field_invalid"},
		{`"site":"S-01.a_b"`, "ok"}, {`"site":""`, "field_invalid"}, {`"site":"S 1"`, "field_invalid"}, {`"site":7`, "field_invalid"},
		{`"site":"站"`, "field_invalid"}, {`"site":null`, "ok"}, {`"site":"` + strings.Repeat("a", 33) + `"`, "field_invalid"},
		{`"station":"1"`, "ok"}, {`"station":"a/b"`, "field_invalid"}, {`"round":"R1"`, "ok"}, {`"round":"R 1"`, "field_invalid"},
		{`"mode":"pool"`, "ok"}, {`"mode":"household"`, "ok"}, {`"mode":"single"`, "ok"}, {`"mode":"Pool"`, "field_invalid"}, {`"mode":""`, "field_invalid"},
		{`"purpose":"screening"`, "ok"}, {`"purpose":"recollection"`, "ok"}, {`"purpose":"recheck"`, "ok"}, {`"purpose":"fun"`, "field_invalid"},
		{`"specimen":"op"`, "ok"}, {`"specimen":"np"`, "ok"}, {`"specimen":"xp"`, "field_invalid"},
		{`"source":"code"`, "ok"}, {`"source":"id_card"`, "ok"}, {`"source":"manual"`, "ok"}, {`"source":true`, "field_invalid"},
		{`"late":true`, "ok"}, {`"late":false`, "ok"}, {`"late":"true"`, "field_invalid"}, {`"late":1`, "field_invalid"},
		{`"id":"a-1"`, "ok"}, {`"id":""`, "field_invalid"}, {`"id":"` + strings.Repeat("测", 64) + `"`, "ok"}, {`"id":"` + strings.Repeat("测", 65) + `"`, "field_invalid"},
		{`"id":"a\u0000"`, "field_invalid"}, {`"id":"a\n"`, "field_invalid"},
		{`"retained_of":"t99"`, "ok"}, {`"retained_of":"t/9"`, "field_invalid"}, {`"retained_of":9`, "field_invalid"}, {`"retained_of":" ｔ100"`, "field_invalid"}, {`"retained_of":null`, "ok"},
		{`"name":"阿依古丽·买买提"`, "ok"}, {`"name":""`, "ok"}, {`"name":"𠮷野"`, "ok"}, {`"name":"` + strings.Repeat("名", 51) + `"`, "field_invalid"},
		{`"name":"` + strings.Repeat("名", 50) + `"`, "ok"}, {`"name":7`, "field_invalid"}, {`"phone":"+86 138"`, "ok"}, {`"phone":"` + long + `"`, "field_invalid"},
		{`"area":"350582108201"`, "ok"}, {`"area":"3"`, "field_invalid"}, {`"area":"35x"`, "field_invalid"}, {`"area":""`, "ok"}, {`"area":"123456789012345678901"`, "field_invalid"}, {`"household":""`, "ok"}, {`"household":"H12"`, "ok"},
		{`"household":"` + long + `"`, "field_invalid"}, {`"colour":{"a":[1,2,{"b":null}]}`, "ok"}, {`"capacity":"x"`, "ok"}, {`"verdict":7`, "ok"},
		{`"type":"scan"`, "ok"}, {`"type":"unscan"`, "field_invalid"}, {`"type":"result"`, "field_invalid"}, {`"type":7`, "field_invalid"},
	} {
		if got := outcome(t, Options{Endpoint: Scans}, scanWith(c.member)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.member, got, c.want)
		}
	}
}

func TestEvents(t *testing.T) {
	// Ensures that each type of event asks for its fields and takes no others' place.
	at := `,"at":"2022-04-04T08:01:00Z"`
	person := `,"person":"` + ada + `"`
	result := `{"type":"result","tube":"T1","lab":"L1","tested_at":"2022-04-04T08:00:00Z","verdict":`
	for _, c := range []struct{ line, want string }{
		{`{"tube":"T1"` + at + person + `}`, "field_missing"},
		{`{"type":"scan","tube":"T1"` + at + person + `}`, "ok"}, {`{"type":"scan","tube":"T1"` + at + `}`, "field_missing"},
		{`{"type":"scan","tube":"T1"` + person + `}`, "field_missing"}, {`{"type":"scan"` + at + person + `}`, "field_missing"},
		{`{"type":"unscan","tube":"T1"` + at + person + `}`, "field_missing"},
		{`{"type":"unscan","tube":"T1"` + at + person + `,"reason":"wrong tube"}`, "ok"},
		{`{"type":"unscan","tube":"T1"` + at + person + `,"reason":""}`, "field_invalid"},
		{`{"type":"unscan","tube":"T1"` + at + person + `,"reason":7}`, "field_invalid"},
		{`{"type":"unscan","tube":"T1"` + at + person + `,"reason":"` + strings.Repeat("r", 257) + `"}`, "field_invalid"},
		{`{"type":"tube.open","tube":"T1"` + at + `}`, "ok"}, {`{"type":"tube.open","tube":"T1"}`, "field_missing"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"capacity":1}`, "ok"}, {`{"type":"tube.open","tube":"T1"` + at + `,"capacity":30}`, "ok"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"capacity":0}`, "field_invalid"}, {`{"type":"tube.open","tube":"T1"` + at + `,"capacity":31}`, "field_invalid"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"capacity":10.0}`, "field_invalid"}, {`{"type":"tube.open","tube":"T1"` + at + `,"capacity":"10"}`, "field_invalid"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"capacity":-1}`, "field_invalid"}, {`{"type":"tube.open","tube":"T1"` + at + `,"capacity":1e1}`, "field_invalid"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"individual_specimens_retained":true}`, "ok"},
		{`{"type":"tube.open","tube":"T1"` + at + `,"individual_specimens_retained":"no"}`, "field_invalid"},
		{`{"type":"tube.close","tube":"T1"` + at + `,"members":0}`, "ok"}, {`{"type":"tube.close","tube":"T1"` + at + `,"members":10000}`, "ok"},
		{`{"type":"tube.close","tube":"T1"` + at + `,"members":10001}`, "field_invalid"}, {`{"type":"tube.close","tube":"T1"` + at + `,"members":true}`, "field_invalid"},
		{result + `"negative"}`, "ok"}, {result + `"positive"}`, "ok"}, {result + `"inconclusive"}`, "ok"}, {result + `"invalid"}`, "ok"},
		{result + `"X"}`, "field_invalid"}, {result + `null}`, "field_missing"}, {result + `"negative","stage":"final"}`, "ok"},
		{result + `"positive","stage":"preliminary"}`, "ok"}, {result + `"negative","stage":"corrected"}`, "field_missing"}, {result + `"negative","stage":"withdrawn"}`, "field_missing"},
		{result + `"negative","stage":"corrected","reported_at":"2022-04-04T09:00:00Z"}`, "ok"}, {result + `"negative","stage":"withdrawn","reported_at":"2022-04-04T09:00:00Z"}`, "ok"},
		{result + `"negative","stage":"late"}`, "field_invalid"}, {result + `"negative","stage":2}`, "field_invalid"},
		{result + `"negative","reported_at":"2022-04-04T09:00:00Z"}`, "ok"}, {result + `"negative","reported_at":"2022-04-04T07:59:59Z"}`, "field_invalid"},
		{result + `"negative","reported_at":"2022-04-04T09:00:00"}`, "time_without_offset"}, {result + `"negative","reported_at":5}`, "field_invalid"},
		{result + `"negative","at":"2022-04-04T09:00:00Z"}`, "ok"}, {result + `"negative","at":"soon"}`, "field_invalid"}, {result + `"negative","lab":7}`, "bad_syntax"},
		{result + `"positive","targets":[{"gene":"ORF1ab","ct":36.2},{"gene":"N"}]}`, "ok"}, {result + `"positive","targets":[]}`, "ok"},
		{result + `"positive","targets":"N"}`, "field_invalid"}, {result + `"positive","targets":[7]}`, "field_invalid"}, {result + `"positive","targets":{}}`, "field_invalid"},
		{result + `"positive","targets":[{"ct":3}]}`, "field_invalid"}, {result + `"positive","targets":[{"gene":7}]}`, "field_invalid"},
		{result + `"positive","targets":[{"gene":"N","ct":"36"}]}`, "field_invalid"}, {result + `"positive","targets":[{"gene":"N","ct":101}]}`, "field_invalid"},
		{result + `"positive","targets":[{"gene":"N","ct":-1}]}`, "field_invalid"}, {result + `"positive","targets":[{"gene":"N","ct":null}]}`, "ok"},
		{result + `"positive","targets":[{"gene":"N","ct":100.00}]}`, "ok"}, {result + `"positive","targets":[{"gene":"N","ct":100.01}]}`, "field_invalid"},
		{result + `"positive","targets":[` + strings.Repeat(`{"gene":"N"},`, 16) + `{"gene":"N"}]}`, "field_invalid"},
		{result + `"positive","run":"1","plate":"P","well":"A1","result_id":"r"}`, "ok"}, {result + `"positive","run":1}`, "field_invalid"},
		{`{"type":"box.pack"}`, "field_invalid"}, {`{"type":"box.receive"}`, "field_invalid"}, {`{"type":"box"}`, "field_invalid"}, {`{"type":"nonsense"}`, "field_invalid"}, {`{}`, "field_missing"},
	} {
		if got := outcome(t, Options{Endpoint: Events}, c.line); got != c.want {
			t.Errorf("%s: got %s, want %s", c.line, got, c.want)
		}
	}
	if got := outcome(t, Options{Endpoint: Results}, `{"tube":"T1","lab":"L1","tested_at":"2022-04-04T08:00:00Z","verdict":"negative"}`); got != "ok" {
		t.Errorf("a result without type: %s", got)
	}
}

func TestSyntax(t *testing.T) {
	// Ensures that a line is strict JSON, and that its flaws are the line's own.
	deep := func(n int) string {
		return scanWith(`"x":` + strings.Repeat("[", n) + strings.Repeat("]", n))
	}
	var keys strings.Builder
	for i := range MaxKeys {
		fmt.Fprintf(&keys, `"k%d":0,`, i)
	}
	for _, c := range []struct{ line, want string }{
		{scan, "ok"}, {" \t" + scan + " ", "ok"}, {scan + "\r", "ok"}, {"\ufeff" + scan, "ok"},
		{strings.ReplaceAll(strings.ReplaceAll(scan, ":\"", ": \""), ",", ", "), "ok"}, {strings.ReplaceAll(scan, ",", "\t,\t"), "ok"},
		{scan + "x", "bad_syntax"}, {scan + scan, "bad_syntax"}, {scan[:len(scan)-1], "bad_syntax"}, {scan[:20], "bad_syntax"}, {"{", "bad_syntax"},
		{scan[:len(scan)-1] + ",}", "bad_syntax"}, {`{"tube" "T"}`, "bad_syntax"}, {`{tube:"T"}`, "bad_syntax"}, {`{'tube':'T'}`, "bad_syntax"},
		{"null", "bad_syntax"}, {"[]", "bad_syntax"}, {`"x"`, "bad_syntax"}, {"7", "bad_syntax"}, {"x", "bad_syntax"}, {"[" + scan + "]", "bad_syntax"}, {"\x00", "bad_syntax"},
		{scanWith(`"x":1,"x":2`), "bad_syntax"}, {scanWith(`"x":1,"\u0078":2`), "bad_syntax"}, {scanWith(`"x":{"y":1,"y":1}`), "bad_syntax"},
		{scanWith(`"x":[{"y":1},{"y":1}]`), "ok"}, {scanWith(`"late":null,"late":true`), "bad_syntax"}, {scanWith(`"tube":"T1","tube":"T1"`), "bad_syntax"},
		{strings.Replace(scan, "tube", `t\u0075be`, 1), "ok"}, {scanWith(`"Tube":"x y"`), "ok"},
		{scanWith("\"id\":\"a\x00\""), "bad_syntax"}, {scanWith("\"id\":\"a\tb\""), "bad_syntax"}, {scanWith("\"id\":\"a\xffb\""), "bad_syntax"},
		{scanWith("\"id\":\"\xed\xa0\x80\""), "bad_syntax"}, {scanWith("\"x\":\"\xc0\xaf\""), "bad_syntax"},
		{scanWith(`"id":"\ud842\udfb7"`), "ok"}, {scanWith(`"id":"\ud842"`), "bad_syntax"}, {scanWith(`"id":"\udfb7\ud842"`), "bad_syntax"}, {scanWith(`"x":"\ud842\n"`), "bad_syntax"},
		{scanWith(`"id":"\x"`), "bad_syntax"}, {scanWith(`"id":"\u12g4"`), "bad_syntax"}, {scanWith(`"id":"\"\\\/\u00e9"`), "ok"}, {scanWith(`"reason":"\b\f\n\r\t"`), "ok"},
		{scanWith(`"x":01`), "bad_syntax"}, {scanWith(`"x":1.`), "bad_syntax"}, {scanWith(`"x":.5`), "bad_syntax"}, {scanWith(`"x":+1`), "bad_syntax"}, {scanWith(`"x":NaN`), "bad_syntax"},
		{scanWith(`"x":-0.5e+10`), "ok"}, {scanWith(`"x":1e`), "bad_syntax"}, {scanWith(`"x":-`), "bad_syntax"}, {scanWith(`"x":1e999`), "ok"}, {scanWith(`"x":tru`), "bad_syntax"},
		{scanWith(`"x":[1,]`), "bad_syntax"}, {scanWith(`"x":[1}`), "bad_syntax"}, {scanWith(`"late":truely`), "bad_syntax"},
		{deep(15), "ok"}, {deep(16), "bad_syntax"}, {deep(30000), "bad_syntax"},
		{"{" + keys.String() + scan[1:], "bad_syntax"}, {"{" + keys.String()[len(`"k0":0,"k1":0,"k2":0,`):] + scan[1:], "ok"},
		{scanWith(`"x":"` + strings.Repeat("y", MaxItemBytes) + `"`), "bad_syntax"}, {scanWith(`"id":"` + strings.Repeat("y", MaxItemBytes) + `"`), "bad_syntax"},
		{scanWith(`"x":"` + strings.Repeat("y", MaxItemBytes-len(scan)-7) + `"`), "ok"},
		{scanWith(`"x":"` + strings.Repeat("y", MaxItemBytes-len(scan)-6) + `"`), "bad_syntax"},
	} {
		if got := outcome(t, Options{Endpoint: Scans}, c.line); got != c.want {
			t.Errorf("%.200q: got %s, want %s", c.line, got, c.want)
		}
		// Neighbours are not touched by it, with any end of line.
		for _, nl := range []string{"\n", "\r\n", "\n\n \r\n"} {
			out, err := decode(t, Options{Endpoint: Scans}, scan+nl+strings.TrimPrefix(c.line, "\ufeff")+nl+scan)
			rows := map[bool]int{true: 3, false: 2}[c.want == "ok"]
			if err != nil || out.Received != 3 || out.Batch.Len() != rows || out.Rejected != 3-rows {
				t.Errorf("%.200q among others: %v, %d rows of %d", c.line, err, out.Batch.Len(), out.Received)
			}
		}
	}
}

func TestWholeRequests(t *testing.T) {
	// Ensures that a body refused whole leaves nothing behind.
	many := strings.Repeat(scan+"\n", MaxItems)
	for _, c := range []struct {
		text string
		want error
		n    int
	}{
		{"", ErrEmpty, 0}, {"\n\r\n  \n", ErrEmpty, 0}, {"\ufeff", ErrEmpty, 0}, {many, nil, MaxItems}, {many + "\n\n", nil, MaxItems},
		{many + scan, ErrTooManyItems, 0}, {many + "x\n", ErrTooManyItems, 0},
	} {
		out, err := decode(t, Options{Endpoint: Scans}, c.text)
		if err != c.want || out.Received != c.n || out.Batch.Len() != c.n {
			t.Errorf("%.20q: %v, %d items", c.text, err, out.Received)
		}
	}
	if err := NewDecoder().NDJSON(make([]byte, MaxBodyBytes+1), Options{Now: benchNow}, new(Decoded)); err != ErrBodyTooLarge {
		t.Errorf("a body too large: %v", err)
	}
	for _, c := range []struct {
		text string
		want error
		rows int
		bad  int
	}{
		{"", ErrEmpty, 0, 0}, {" [ ] ", ErrEmpty, 0, 0}, {"[]x", ErrBadEncoding, 0, 0}, {scan, nil, 1, 0}, {"\ufeff \n" + scan + "\n", nil, 1, 0}, {scan + scan, ErrBadEncoding, 0, 0},
		{"[" + scan + "]", nil, 1, 0}, {"[" + scan + " ,\n" + scan + "\n]\n", nil, 2, 0}, {"[" + scan + ",]", ErrBadEncoding, 0, 0}, {"[" + scan, ErrBadEncoding, 0, 0},
		{"[" + scan + scan + "]", ErrBadEncoding, 0, 0}, {"[" + scan + "]]", ErrBadEncoding, 0, 0}, {"[,]", ErrBadEncoding, 0, 0}, {"[", ErrBadEncoding, 0, 0},
		{"x", ErrBadEncoding, 0, 0}, {`"x"`, ErrBadEncoding, 0, 0}, {"7", ErrBadEncoding, 0, 0}, {"[" + scan + ",x]", ErrBadEncoding, 0, 0}, {`{"tube":`, ErrBadEncoding, 0, 0},
		{`{"tube":}`, ErrBadEncoding, 0, 0}, {"[" + scan + `,{"tube":tru},` + scan + "]", ErrBadEncoding, 0, 0}, {"[" + scan + `,{"tube":"T},` + scan + "]", ErrBadEncoding, 0, 0},
		{"[" + scan + `,{"a":[}],"b":{]}}]`, ErrBadEncoding, 0, 0}, {"\x00", ErrBadEncoding, 0, 0}, {"[}", ErrBadEncoding, 0, 0},
		{"[" + scan + `,7,null,"x",[{}],` + scan + "]", nil, 2, 4}, {"[" + scan + `,{"a":1,"a":2},` + scan + "]", nil, 2, 1},
		{"[" + scan + `,{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + "}," + scan + "]", nil, 2, 1},
		{"[" + scanWith(`"x":"`+strings.Repeat("}", MaxItemBytes)+`"`) + "," + scan + "]", nil, 1, 1}, {"[" + scanWith(`"id":"`+strings.Repeat("x", MaxItemBytes)+`"`) + "," + scan + "]", nil, 1, 1},
		{"[" + scan + ",{\"a\":\"\xff\"}]", nil, 1, 1}, {"[" + scan + `,{"a":"}]\"\\"},{}]`, nil, 1, 2}, {"{}", nil, 0, 1}, {"[7]", nil, 0, 1},
		{"[" + strings.Repeat(scan+",", MaxItems-1) + scan + "]", nil, MaxItems, 0}, {"[" + strings.Repeat(scan+",", MaxItems) + scan + "]", ErrTooManyItems, 0, 0},
		{"[" + strings.Repeat("0,", MaxItems) + "0]", ErrTooManyItems, 0, 0},
	} {
		d, out := NewDecoder(), new(Decoded)
		for _, d.generalOnly = range []bool{false, true} {
			err := d.JSON([]byte(c.text), Options{Endpoint: Scans, Now: benchNow}, out)
			if err != c.want || out.Batch.Len() != c.rows || out.Rejected != c.bad || out.Received != c.rows+c.bad {
				t.Errorf("%.300q: %v, %d rows, %d bad", c.text, err, out.Batch.Len(), out.Rejected)
			}
		}
	}
}

func TestBadAmongGood(t *testing.T) {
	// Ensures that one bad line among 10,000 costs only itself, and 10,000 bad ones are all counted.
	lines := scanLines(10000)
	lines[4711] = strings.Replace(lines[4711], `"T`, `"_`, 1)
	out, err := decode(t, Options{Endpoint: Scans}, strings.Join(lines, "\n"))
	want := []ItemError{{4711, CodeFieldInvalid, `The field "tube" must be 1 to 32 of 0-9, A-Z and hyphen.`, "tube"}}
	if err != nil || out.Received != 10000 || out.Batch.Len() != 9999 || !reflect.DeepEqual(out.Errors, want) {
		t.Fatalf("%v, %d rows, %v", err, out.Batch.Len(), out.Errors)
	}
	for row, index := range out.Index {
		if want := uint32(row) + uint32(map[bool]int{true: 1}[row >= 4711]); index != want {
			t.Fatalf("row %d is item %d, want %d", row, index, want)
		}
	}
	for i := range lines {
		lines[i] = "?" + lines[i]
	}
	out, err = decode(t, Options{Endpoint: Scans}, strings.Join(lines, "\n")+"\n"+scan)
	if err != nil || out.Rejected != 10000 || len(out.Errors) != MaxItemErrors || out.Batch.Len() != 1 || out.Index[0] != 10000 || out.Errors[999].Index != 999 {
		t.Fatalf("%v, %d rejected, %d detailed, %v", err, out.Rejected, len(out.Errors), out.Index)
	}
}

func TestColumns(t *testing.T) {
	// Ensures that values land in the columns they belong to, whatever the order of the keys.
	text := `{"type":"tube.open","tube":"t9","at":"2022-04-04T08:00:00+08:00","mode":"single","capacity":1,"purpose":"recheck","individual_specimens_retained":true,"site":"S1"}
{"late":true,"source":"id_card","specimen":"np","at":"2022-04-04T00:01:00.999Z","person":"99010119900307002` + "3" + `","tube":"T9","type":"scan","round":"R1","station":"x","site":"S1","area":"350582","household":"H1","retained_of":"t8","id":"a\"b\\"}
{"type":"scan","tube":"Ｔ９","person":"hkm:h1234567802","at":"2022-04-04T08:02:00+08:00","site":"S1","name":"x"}
{"type":"unscan","tube":"T9","person":"none:35:n-1","at":"2022-04-04T08:03:00+08:00","reason":"错"}
{"type":"tube.close","tube":"T9","at":"2022-04-04T08:04:00+08:00","members":0}
{"type":"result","tube":"T7","lab":"L1","verdict":"positive","tested_at":"2022-04-04T10:00:00+08:00","reported_at":"2022-04-04T11:00:00+08:00","targets": [ {"ct": 36.20, "x":{"gene":1}, "gene":"ORF1ab"} , {"gene":"\u004e","ct":null} ],"well":"A1","result_id":"r1"}`
	people := knownPeople{"hkm:H12345678": 7}
	out, err := decode(t, Options{Endpoint: Events, People: people, Roles: engine.RoleLab}, text)
	if err != nil || out.Rejected > 0 || len(out.Index) > 0 {
		t.Fatal(err, out.Errors)
	}
	b := &out.Batch
	var got []string
	for i := range b.Kind {
		c := b.Contexts[b.Ctx[i]]
		who := fmt.Sprintf("#%d", b.Person[i].Ordinal())
		switch b.Person[i].Type() {
		case engine.RefResident:
			who = fmt.Sprint(b.Person[i].Digits17())
		case engine.RefDocument:
			who = string(b.Text(b.Person[i].Document()))
		}
		got = append(got, fmt.Sprintf("%v %d %s %s %d %s/%s/%s/%s/%s/%v/%d/%d/%d %x %s", b.Kind[i], b.Bits[i], b.Text(b.Tubes[b.Tube[i]]), who, b.At[i].Unix()-1649030400,
			b.Text(c.Site), b.Text(c.Station), b.Text(c.Round), b.Text(c.Lab), b.Text(c.Area), c.Mode, c.Purpose, c.Specimen, c.Source, b.Arg[i], b.Text(b.Extra[i])))
	}
	reported := engine.ResultArg(engine.FromUnix(1649030400+3*3600), engine.Final, engine.Positive)
	want := []string{
		`tube.open 2 T9 #0 0 S1/////single/3/0/0 1 `,
		fmt.Sprintf(`scan 1 T9 99010119900307002 60 S1/x/R1//350582//0/2/2 %x {"id":"a\"b\\"}`, 2<<32|engine.HashHousehold([]byte("H1"))),
		`scan 0 T9 #7 120 S1//////0/0/0 0 `,
		`unscan 0 T9 none:35:n-1 180 //////0/0/0 0 {"reason":"错"}`,
		`tube.close 0 T9 #0 240 //////0/0/0 1 `,
		fmt.Sprintf(`result 0 T7 #0 7200 ///L1///0/0/0 %x {"result_id":"r1","well":"A1","targets":[{"gene":"ORF1ab","ct":36.20},{"gene":"N"}]}`, reported),
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(b.Tubes) != 3 || b.TubeHash[2] != engine.HashTube([]byte("T7")) || b.Received.Unix() != benchNow || b.Roles != engine.RoleLab {
		t.Fatalf("%d tubes, received %d, roles %d", len(b.Tubes), b.Received, b.Roles)
	}
	if strings.Contains(string(b.Bytes), "H12345678") {
		t.Fatal("the document of a known person is in the batch")
	}
}

// knownPeople knows some people by canonical text.
type knownPeople map[string]engine.PersonOrdinal

func (k knownPeople) FindResidents(refs []engine.PersonRef) {
	for i, ref := range refs {
		if ref.Type() == engine.RefResident {
			if p := k.Find(ref, nil); p != 0 {
				refs[i] = engine.OrdinalRef(p)
			}
		}
	}
}

func (k knownPeople) Find(ref engine.PersonRef, document []byte) engine.PersonOrdinal {
	if ref.Type() == engine.RefResident {
		document = AppendResident(nil, ref.Digits17())
	}
	return k[string(document)]
}

func TestSharing(t *testing.T) {
	// Ensures that tubes and contexts are noted once, in any order of the lines, and known people by ordinal.
	lines := shuffled(scanLines(3000))
	people := knownPeople{residentID(7919 * 5): 5, residentID(7919 * 6): 6}
	out, err := decode(t, Options{Endpoint: Scans, People: people}, strings.Join(lines, "\n"))
	if err != nil || out.Batch.Len() != 3000 {
		t.Fatal(err, out.Errors)
	}
	if tubes, places := len(out.Batch.Tubes), len(out.Batch.Contexts); tubes > 330 || places != 15 {
		t.Errorf("%d tubes of 300, %d contexts of 15", tubes, places)
	}
	known := 0
	for _, p := range out.Batch.Person {
		if p.Type() == engine.RefOrdinal {
			known += int(p.Ordinal())
		}
	}
	if known < 11 {
		t.Errorf("known people found: %d", known)
	}
}

func TestZone(t *testing.T) {
	// Ensures that a request's zone stands in for a missing offset, and only for that.
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		zone = time.FixedZone("+08:00", 8*3600)
	}
	for _, at := range []string{"2022-04-04T08:01:00", "2022-04-04 08:01:00", "2022-04-04t08:01:00.5", "2022-04-04T01:01:00+01:00"} {
		out, err := decode(t, Options{Endpoint: Scans, Zone: zone}, scanWith(`"at":"`+at+`"`))
		if err != nil || out.Batch.Len() != 1 || out.Batch.At[0].Unix() != 1649030460 {
			t.Errorf("%s: %v %v", at, err, out.Errors)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	// Ensures that a decoder in steady state allocates nothing, with good lines and bad ones.
	lines := scanLines(1000)
	for i := range lines {
		switch {
		case i%7 == 0:
			lines[i] = strings.TrimSuffix(lines[i], "}") + `,"id":"\u0041","retained_of":"ｔ1","name":"陈","area":"35058","household":"H1"}`
		case i%11 == 0:
			lines[i] = "{" + lines[i]
		case i%13 == 0:
			lines[i] = strings.Replace(lines[i], `"person":"`, `"person":"passport:USA:5600`, 1)
		case i%17 == 0:
			lines[i] = `{"type":"result","tube":"T1","lab":"L1","verdict":"positive","tested_at":"2022-04-04T10:00:00Z","targets":[{"gene":"ORF1ab","ct":36.2}]}`
		}
		if events := len(eventLines); i%3 == 0 {
			lines[i] = eventLines[i/3%events]
		}
		if !strings.Contains(lines[i], `"type"`) {
			lines[i] = strings.Replace(lines[i], "{", `{"type":"scan",`, 1)
		}
	}
	text, array := []byte(strings.Join(lines, "\n")), []byte("["+strings.Join(scanLines(1000), ",")+"]")
	roster, round := []byte(strings.Repeat(rosterLine+"\n", 100)), []byte(roundBody)
	d, out := NewDecoder(), new(Decoded)
	o := Options{Endpoint: Events, Now: benchNow, People: nobody{}}
	if n := testing.AllocsPerRun(20, func() {
		if d.NDJSON(text, o, out) != nil || d.JSON(array, Options{Endpoint: Scans, Now: benchNow}, out) != nil ||
			d.NDJSON(roster, Options{Endpoint: Roster, Now: benchNow}, out) != nil || d.JSON(round, Options{Endpoint: Round, Now: benchNow, Round: array[:0]}, out) != nil {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}
