package ingest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"poolwise/engine"
)

// readCSV reads a table and tells the lines it became, with the fault of each that the
// decoder or the table refuses, as "code field".
func readCSV(t testing.TB, f Format, o Options, text string) (r *Request, lines []string, err error) {
	t.Helper()
	r = &Request{Body: []byte(text)}
	if o.Now == 0 {
		o.Now = benchNow
	}
	if o.People == nil {
		o.People = nobody{}
	}
	err = r.decodeWith(NewDecoder(), f, o)
	if err != nil {
		if r.Decoded.Received != 0 || r.Decoded.Batch.Len() != 0 {
			t.Fatalf("a refused table left %d items", r.Decoded.Received)
		}
		return r, nil, err
	}
	lines = strings.Split(strings.TrimSuffix(string(r.Body), "\n"), "\n")
	if len(lines) != len(r.Rows) || len(lines) != r.Decoded.Received {
		t.Fatalf("got %d lines of %d rows and %d items", len(lines), len(r.Rows), r.Decoded.Received)
	}
	return r, lines, nil
}

const csvHead = "tube,person,at,site,station\n"

func csvScan(n int) string {
	return fmt.Sprintf("T%d,%s,2022-04-04T08:01:00+08:00,S01,S01-1", n, residentID(n))
}

func TestTablesAreRead(t *testing.T) {
	// Ensures that CSV is read in every shape that spreadsheets give it, and gives the lines of the contract.
	id := residentID(1)
	line := `{"tube":"T1","person":"` + id + `","at":"2022-04-04T08:01:00+08:00","site":"S01"}`
	row := "T1," + id + ",2022-04-04T08:01:00+08:00,S01"
	for name, c := range map[string]struct{ text, want string }{
		"plain":             {"tube,person,at,site\n" + row + "\n", line},
		"no last line end":  {"tube,person,at,site\n" + row, line},
		"byte order mark":   {"\ufefftube,person,at,site\r\n" + row + "\r\n", line},
		"CR only":           {"tube,person,at,site\r" + row + "\r" + row, line + "\n" + line},
		"case and blanks":   {" Tube ,PERSON,At,\u3000site\n" + row + "\n", line},
		"unknown columns":   {"remark,tube,person,,at,site\nx," + strings.Replace(row, ",2022", ",y,2022", 1) + "\n", line},
		"quotes":            {"\"tube\",\"person\",\"at\",\"site\"\n\"" + strings.ReplaceAll(row, ",", `","`) + "\"\n", line},
		"blank rows":        {"\n,,,\ntube,person,at,site\n\n,,,\n  ,\t,,\u3000\n" + row + "\n\r\n", line},
		"semicolons":        {"tube;person;at;site\n" + strings.ReplaceAll(row, ",", ";") + "\n", line},
		"tabs":              {"tube\tperson\tat\tsite\n" + strings.ReplaceAll(row, ",", "\t") + "\n", line},
		"named delimiter":   {"sep=|\r\ntube|person|at|site\n" + strings.ReplaceAll(row, ",", "|") + "\n", line},
		"short row":         {"tube,person,at,site,station,mode\n" + row + "\n", line},
		"long blank row":    {"tube,person,at,site\n" + row + ",,, ,\n", line},
		"apostrophe":        {"tube,person,at,site\n'T1,'" + id + ",2022-04-04T08:01:00+08:00,'S01\n", line},
		"formula text":      {"tube,person,at,site\nT1,=\"" + id + "\",2022-04-04T08:01:00+08:00,\"=\"\"S01\"\"\"\n", line},
		"blanks in cells":   {"tube,person,at,site\n T1 ,\t" + id + "\t,2022-04-04T08:01:00+08:00 ,\u00a0S01\u3000\n", line},
		"no value known":    {"remark,tube\nx,\n", "{}"},
		"escapes":           {"tube,reason\nT1,\"a\"\"b\\\nc\td\x01,\"\n", `{"tube":"T1","reason":"a\"b\\\nc\td\u0001,"}`},
		"quote within":      {"tube,reason\nT1,a\"b\n", `{"tube":"T1","reason":"a\"b"}`},
		"free text":         {"tube,reason,phone\nT1, 'a ,'139 \n", `{"tube":"T1","reason":" 'a ","phone":"139"}`},
		"booleans":          {"late,home_visit,individual_specimens_retained\n1,true,TRUE\n是,False,0\n否,yes,2\n", `{"late":true,"home_visit":true,"individual_specimens_retained":true}` + "\n" + `{"late":true,"home_visit":false,"individual_specimens_retained":false}` + "\n" + `{"late":false,"home_visit":"yes","individual_specimens_retained":"2"}`},
		"numbers":           {"capacity,members,circle\n10,10.0,3.\n010,1.5,-1\n0,\"1,000\",x\n", `{"capacity":10,"members":10,"circle":3}` + "\n" + `{"capacity":"010","members":"1.5","circle":"-1"}` + "\n" + `{"capacity":0,"members":"1,000","circle":"x"}`},
		"targets":           {"tube,targets\nT1,ORF1ab=36.2;N=\nT2,\"N=036,E=1.5e1|S\"\nT3, ; \n", `{"tube":"T1","targets":[{"gene":"ORF1ab","ct":36.2},{"gene":"N"}]}` + "\n" + `{"tube":"T2","targets":[{"gene":"N","ct":"036"},{"gene":"E","ct":"1.5e1"},{"gene":"S"}]}` + "\n" + `{"tube":"T3","targets":[]}`},
		"lists":             {"groups,areas,single_groups\na;b,\"11,12\",a、b|c； d\n", `{"groups":["a","b"],"areas":["11","12"],"single_groups":["a","b","c","d"]}`},
		"objects":           {"caps.low,round,sla.to_lab,CAPS.high,sla.recollect\n20,R1,6h,household,\n,R1,,1,24h\n,R1,,,\n", `{"round":"R1","caps":{"low":20,"high":"household"},"sla":{"to_lab":"6h"}}` + "\n" + `{"round":"R1","caps":{"high":1},"sla":{"recollect":"24h"}}` + "\n" + `{"round":"R1"}`},
		"times":             {"at,tested_at,vaccinated_at\n2022/4/4 8:01,2022-04-04 08:01:05,2022/12/31\n2022-04-04T08:01:00Z,2022/04-04 8:01,2022-04-04T08:01\n2022/4/4 8:1,2022/4/4,44655.5\n", `{"at":"2022-04-04T08:01:00","tested_at":"2022-04-04T08:01:05","vaccinated_at":"2022-12-31T00:00:00"}` + "\n" + `{"at":"2022-04-04T08:01:00Z","tested_at":"2022/04-04 8:01","vaccinated_at":"2022-04-04T08:01"}` + "\n" + `{"at":"2022/4/4 8:1","tested_at":"2022/4/4","vaccinated_at":"44655.5"}`},
		"sexes":             {"person,sex\n" + id + ",男\n" + id + ",女\n" + id + ",X\n" + id + ",f\n" + id + ",?\n", strings.Join([]string{`{"person":"` + id + `","sex":"M"}`, `{"person":"` + id + `","sex":"F"}`, `{"person":"` + id + `","sex":"X"}`, `{"person":"` + id + `","sex":"F"}`, `{"person":"` + id + `","sex":"?"}`}, "\n")},
		"cells over 8 long": {"station,site\n12345678,12345678\n123456789,1234567\n", `{"station":"12345678","site":"12345678"}` + "\n" + `{"station":"123456789","site":"1234567"}`},
	} {
		r, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Events}, c.text)
		if got := strings.Join(lines, "\n"); err != nil || got != c.want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, got, c.want)
		}
		if name == "blank rows" && (len(r.Rows) != 1 || r.Rows[0] != 7) {
			t.Errorf("%s: got rows %d; want 7", name, r.Rows)
		}
	}
}

func TestEncodingsOfTables(t *testing.T) {
	// Ensures that GB 18030 and UTF-16 of either order give the lines of UTF-8, and that damage costs one row.
	text := "tube,reason\nT1,漏液𠮷\nT2,ok\n"
	want := `{"tube":"T1","reason":"漏液𠮷"}` + "\n" + `{"tube":"T2","reason":"ok"}`
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	wide := func(order binary.AppendByteOrder) (out []byte) {
		for _, unit := range utf16.Encode([]rune("\ufeff" + strings.ReplaceAll(text, ",", "\t"))) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
	little, big := wide(binary.LittleEndian), wide(binary.BigEndian)
	for _, c := range []struct {
		format Format
		text   string
	}{{FormatCSV, text}, {FormatCSVGB, gb}, {FormatCSVGB, strings.Replace(gb, ",", ",", 1)}, {FormatCSV, string(little)}, {FormatCSV, string(big)}} {
		_, lines, err := readCSV(t, c.format, Options{}, c.text)
		if got := strings.Join(lines, "\n"); err != nil || got != want {
			t.Errorf("%d: got %v\n%s\nwant\n%s", c.format, err, got, want)
		}
	}
	half := bytes.Replace(little, []byte{0xdf}, []byte{0x00}, 1) // the second half of 𠮷's pair
	for _, c := range []struct {
		format  Format
		text    string
		message string
	}{
		{FormatCSV, "tube,reason\nT1,\xff\nT2,ok\n", faultNotUTF8.message},
		{FormatCSV, "tube,remark\nT1,\xff\nT2,ok\n", faultNotUTF8.message},
		{FormatCSVGB, "tube,reason\nT1,\xff\xff\nT2,ok\n", faultNotGB.message},
		{FormatCSV, string(half), faultNotUTF16.message},
		{FormatCSV, string(little[:len(little)-1]), faultNotUTF16.message},
	} {
		r, lines, err := readCSV(t, c.format, Options{Endpoint: Events}, c.text)
		bad := 0
		for _, e := range r.Decoded.Errors {
			if e.Code == CodeBadSyntax && e.Message == c.message {
				bad++
			}
		}
		if err != nil || len(lines) != 2 || bad != 1 {
			t.Errorf("%q: got %v, %q, errors %+v; want one %q", c.text, err, lines, r.Decoded.Errors, c.message)
		}
	}
}

func TestRefusedTables(t *testing.T) {
	// Ensures that what a table as a whole is refused for has its own code and sentence.
	wide := strings.Repeat("x,", MaxColumns) + "tube\n"
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":            {"", ErrEmpty},
		"blank":            {"\n\n", ErrEmpty},
		"header only":      {csvHead, ErrEmpty},
		"no known heading": {"foo,bar\n1,2\n", errNoHeading},
		"twice":            {"tube,Tube\nT1,T1\n", errHeadingTwice},
		"object and part":  {"caps,caps.low\n1,1\n", errHeadingTwice},
		"part twice":       {"caps.low,caps.high,caps.low\n1,1,1\n", errHeadingTwice},
		"open quote":       {csvHead + csvScan(1) + "\n\"T1,\n" + csvScan(2), errQuoteOpen},
		"open in header":   {"\"tube\n", errQuoteOpen},
		"columns":          {wide, errTooManyColumns},
		"endless header":   {"tube," + strings.Repeat("x", MaxItemBytes) + "\nT1\n", errNoHeading},
		"too many rows":    {"tube\n" + strings.Repeat("T1\n", MaxItems+1), ErrTooManyItems},
	} {
		if _, _, err := readCSV(t, FormatCSV, Options{Endpoint: Events}, c.text); err != c.want {
			t.Errorf("%s: got %v; want %v", name, err, c.want)
		}
	}
	if _, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Events}, "tube\n"+strings.Repeat("T1\n", MaxItems)); err != nil || len(lines) != MaxItems {
		t.Errorf("got %d lines, %v; want %d", len(lines), err, MaxItems)
	}
	if _, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Events}, strings.Repeat("x,", MaxColumns-1)+"tube\n"+strings.Repeat(",", MaxColumns-1)+"T1\n"); err != nil || lines[0] != `{"tube":"T1"}` {
		t.Errorf("got %q, %v; want the last column", lines, err)
	}
}

func TestTableGrowsBounded(t *testing.T) {
	// Ensures that a table that would become more than a body may be is refused there.
	r := &Request{Body: []byte("tube\nT1\n" + rowEnds)}
	r.table.reset(Options{})
	if next, _, err := r.table.readHeader(r.Body[:8], Options{}); err != nil || next != 5 {
		t.Fatal(next, err)
	}
	if _, err := r.table.split(r.Body[:8], 5); err != nil {
		t.Fatal(err)
	}
	full := make([]byte, MaxBodyBytes, MaxBodyBytes+1024)
	line := len(`{"tube":"T1"}`) + 1
	for less, want := range map[int]error{line: nil, line - 1: ErrBodyTooLarge} {
		if _, err := r.line(full[:MaxBodyBytes-less], r.Body, r.Body[5:7], 2); err != want {
			t.Errorf("%d bytes left: got %v; want %v", less, err, want)
		}
	}
}

// refused tells what is wrong with each item, "row code column", after decoding.
func refused(r *Request) string {
	var b strings.Builder
	for _, e := range r.Decoded.Errors {
		fmt.Fprintf(&b, "%d %s %s\n", r.Rows[e.Index], e.Code, r.Column(e.Field))
	}
	return b.String()
}

func TestBadRowsCostThemselves(t *testing.T) {
	// Ensures that a bad row is an error of its own with its number, in place, and that the others go on.
	id := residentID(1)
	text := csvHead +
		csvScan(1) + "\n" + // 2
		csvScan(2) + ",x\n" + // 3
		"T3,9.90101E+17,2022-04-04T08:01:00+08:00,S01,\n" + // 4
		"\n" +
		"T3,990101199003070000,2022-04-04T08:01:00+08:00,S01,\n" + // 6
		"T3,\"" + id + "\"x,2022-04-04T08:01:00+08:00,S01,\n" + // 7
		"T3," + id + ",2022/4/4 8:01,S01,\n" + // 8
		"T3," + id + ",2022-04-04T08:01:00+08:00,\"S 01\n\",\n" + // 9
		"T3," + id + ",2022-04-04T08:01:00+08:00,S01,\xff\n" + // 10
		"T3," + id + ",2022-04-04T08:01:00+08:00,S01,\"" + strings.Repeat("x", MaxItemBytes) + "\"\n" + // 11
		"T3,,2022-04-04T08:01:00+08:00,S01,\n" + // 12
		csvScan(3) // 13
	want := "3 bad_syntax \n4 person_invalid person\n6 person_invalid person\n7 bad_syntax \n8 time_without_offset at\n9 field_invalid site\n10 bad_syntax \n11 bad_syntax \n12 field_missing person\n"
	r, _, err := readCSV(t, FormatCSV, Options{Endpoint: Scans}, text)
	if err != nil || refused(r) != want || r.Decoded.Batch.Len() != 2 {
		t.Errorf("got %v, %d accepted\n%swant 2 accepted\n%s", err, r.Decoded.Batch.Len(), refused(r), want)
	}
	for i, f := range map[int]*fault{0: faultCells, 1: faultRounded[fieldPerson], 2: faultRounded[fieldPerson], 3: faultQuote, 6: faultNotUTF8, 7: faultTooLong} {
		if e := r.Decoded.Errors[i]; e.Message != f.message {
			t.Errorf("row %d: got %q; want %q", r.Rows[e.Index], e.Message, f.message)
		}
	}
	if !bytes.Contains(r.Body, []byte("\n\"T2,"+residentID(2))) {
		t.Errorf("the row that became no object cannot be read in %q", r.Body)
	}
	o := Options{Endpoint: Scans, Zone: time.FixedZone("", 8*3600)}
	if r, _, err := readCSV(t, FormatCSV, o, csvHead+"T3,"+id+",2022/4/4 8:01,S01,\n"); err != nil || r.Decoded.Rejected != 0 || r.Decoded.Batch.At[0] != engine.FromUnix(1649030460) {
		t.Errorf("got %v, %+v; want 08:01 in the zone", err, r.Decoded)
	}
}

func TestManyBadRows(t *testing.T) {
	// Ensures that beyond the errors that are detailed the table's faults are only counted.
	var b strings.Builder
	b.WriteString(csvHead)
	const n = 3 * MaxItemErrors
	for i := range n {
		b.WriteString(csvScan(i))
		if i%2 == 0 {
			b.WriteString(",x")
		}
		b.WriteString("\nT1,x,,,\n")
	}
	r, _, err := readCSV(t, FormatCSV, Options{Endpoint: Scans}, b.String())
	if err != nil || r.Decoded.Rejected != n+n/2 || len(r.Decoded.Errors) != MaxItemErrors || r.Decoded.Batch.Len() != n/2 {
		t.Fatalf("got %v, %d rejected, %d detailed, %d accepted", err, r.Decoded.Rejected, len(r.Decoded.Errors), r.Decoded.Batch.Len())
	}
	for _, e := range r.Decoded.Errors {
		if own := e.Index%4 == 0; own != (e.Message == faultCells.message) {
			t.Fatalf("item %d: got %q", e.Index, e.Message)
		}
	}
}

func TestSameBatchAsNDJSON(t *testing.T) {
	// Ensures that a table and the lines of the same items become the same batch.
	lines, table := scanLines(1000), csvScans(1000)
	var want Decoded
	o := Options{Endpoint: Scans, Now: benchNow, People: nobody{}}
	if err := NewDecoder().NDJSON(body(lines), o, &want); err != nil {
		t.Fatal(err)
	}
	r, _, err := readCSV(t, FormatCSV, o, string(table))
	if err != nil || !sameDecoded(&r.Decoded, &want) {
		t.Errorf("got %v; want the batch of the lines", err)
	}
}

// csvScans is the table of scanLines.
func csvScans(n int) []byte { return csvOf(scanLines(n)) }

func csvOf(lines []string) []byte {
	out := []byte(csvHead)
	for _, l := range lines {
		parts := strings.Split(l, `"`)
		for i := 3; i < len(parts); i += 4 {
			out = append(append(out, parts[i]...), ',')
		}
		out[len(out)-1] = '\n'
	}
	return out
}

func TestSteadyTablesAllocateNothing(t *testing.T) {
	// Ensures that one table after another is read in the memory of the first.
	text := csvScans(1000)
	r, d := &Request{}, NewDecoder()
	o := Options{Endpoint: Scans, Now: benchNow, People: nobody{}}
	once := func() {
		r.Body = append(r.Body[:0], text...)
		if err := r.decodeWith(d, FormatCSV, o); err != nil || r.Decoded.Rejected > 0 {
			t.Fatal(err, r.Decoded.Errors)
		}
	}
	once()
	once()
	if n := testing.AllocsPerRun(20, once); n > 0 {
		t.Errorf("got %v allocations a table; want 0", n)
	}
}

// BenchmarkCSVScans is the whole way of a table; beside it the same items as NDJSON.
func BenchmarkCSVScans(b *testing.B) {
	lines := scanLines(32000)
	var tables [][]byte
	for i := 0; i < len(lines); i += 1000 {
		tables = append(tables, csvOf(lines[i:i+1000]))
	}
	for name, c := range map[string]struct {
		format Format
		bodies [][]byte
	}{"CSV": {FormatCSV, tables}, "NDJSON": {FormatNDJSON, split(scanLines(32000))}} {
		b.Run(name, func(b *testing.B) {
			r, d := &Request{}, NewDecoder()
			o := Options{Endpoint: Scans, Now: benchNow, People: nobody{}}
			b.ReportAllocs()
			scans := 0
			for i := 0; b.Loop(); i++ {
				r.Body = append(r.Body[:0], c.bodies[i%len(c.bodies)]...)
				if err := r.decodeWith(d, c.format, o); err != nil || r.Decoded.Rejected > 0 {
					b.Fatal(err, r.Decoded.Errors)
				}
				scans += r.Decoded.Received
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(scans), "ns/scan")
		})
	}
}
