package ingest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// checkTable holds one table to what all tables must satisfy.
func checkTable(t *testing.T, f Format, text []byte, o Options) {
	r := &Request{Body: bytes.Clone(text)}
	err := r.decodeWith(checkFast, f, o)
	d := &r.Decoded
	if err != nil {
		if _, known := err.(*RequestError); !known || d.Received != 0 {
			t.Fatalf("%q: got %v and %d items", text, err, d.Received)
		}
		return
	}
	lines := bytes.Split(bytes.TrimSuffix(r.Body, []byte("\n")), []byte("\n"))
	if len(lines) != len(r.Rows) || d.Received != len(r.Rows) || d.Batch.Len()+d.Rejected != d.Received {
		t.Fatalf("%q: %d lines of %d rows; %d items, %d taken, %d refused", text, len(lines), len(r.Rows), d.Received, d.Batch.Len(), d.Rejected)
	}
	for i, line := range lines {
		if utf8.Valid(line) && !json.Valid(line) {
			t.Fatalf("%q became %q", text, line)
		}
		if i > 0 && r.Rows[i] <= r.Rows[i-1] && f != FormatXLSX {
			t.Fatalf("%q: rows %d", text, r.Rows)
		}
	}
	for _, e := range d.Errors {
		if e.Field != "" && r.Column(e.Field) == "" {
			t.Fatalf("%q: %+v has no column", text, e)
		}
	}
	if o.Endpoint != Roster || d.Rejected > MaxItemErrors {
		return
	}
	errors := d.Errors
	for _, f := range r.table.faults {
		for len(errors) > 0 && errors[0].Index < f.index {
			errors = errors[1:]
		}
		if len(errors) == 0 || errors[0].Index != f.index || errors[0].Message != f.message {
			t.Fatalf("%q: item %d was taken in spite of %+v", text, f.index, f.fault)
		}
	}
}

// checkCells compares the splitter with the standard library on what that takes.
func checkCells(t *testing.T, text []byte, delimiter byte) {
	if bytes.Count(text, []byte("\r")) != bytes.Count(text, []byte("\r\n")) || bytes.HasPrefix(text, []byte("\ufeff")) {
		return // there only CRLF ends a line, and it becomes LF within quotes
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = rune(delimiter), -1
	records, err := reader.ReadAll()
	if err != nil && err != io.EOF {
		return
	}
	tab := &table{delimiter: delimiter, width: MaxColumns}
	in := append(bytes.Clone(text), rowEnds...)[:len(text)]
	n := 0
	for at := 0; at < len(in); {
		next, err := tab.split(in, at)
		if err != nil {
			t.Fatalf("%q is refused: %v", text, err)
		}
		if rowEnd(in, at, next) == at { // a blank line
			at = next
			continue
		}
		at = next
		if n == len(records) {
			t.Fatalf("%q: more than %d rows", text, n)
		}
		if tab.count != len(records[n]) || tab.bad {
			t.Fatalf("%q: row %d has %d cells; want %q", text, n, tab.count, records[n])
		}
		for i, want := range records[n][:min(len(records[n]), MaxColumns)] {
			got := string(in[tab.cells[i].off:tab.cells[i].end])
			if tab.cells[i].kind == cellDoubled {
				got = strings.ReplaceAll(got, `""`, `"`)
			}
			if strings.ReplaceAll(got, "\r\n", "\n") != want {
				t.Fatalf("%q: row %d: got %q; want %q", text, n, got, want)
			}
			if escaped := appendText(nil, []byte(got)); tab.cells[i].kind == cellPlain && string(escaped) != `"`+got+`"` {
				t.Fatalf("%q: row %d: %q wants an escape", text, n, got)
			}
		}
		n++
	}
	if n != len(records) {
		t.Fatalf("%q: got %d rows; want %d", text, n, len(records))
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		csvHead + csvScan(1) + "\n" + csvScan(2), "sep=;\ntube;at\nT1;2022/4/4 8:01\n", "tube,reason\r\nT1,\"a\"\"b\r\nc\"\r\n\r\n,,\r\n", "\xff\xfet\x00u\x00b\x00e\x00\n\x00T\x00",
		"caps.low,sla.to_lab,caps.high,areas\n1,6h,household,\"11,12\"\n", "person,groups,vaccinated_at,sex,home_visit\n9.90101E+17,a;b,2022/4/4,男,是\n='x',=\"\"\"y\",,\n",
		"title\n序号,街道,社区,网格,受检对象姓名,身份证号,性别\n1,城东街道,东湖社区,第1网格,测试甲,990101199003070023,男\n2,,,,流浪汉1,,\n3,x,,,测试之子,,\n", "tube,targets\nT1,N=1;E=x\n\"T2\"x,\n", "tube,at\r\r\nT1\rx,y,z",
	} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(0xff))
	}
	f.Fuzz(func(t *testing.T, text []byte, flags uint8) {
		o := Options{Endpoint: Endpoint(flags % 8), Now: benchNow, People: nobody{}, Round: []byte("R1"), Areas: districts}
		if flags&8 != 0 {
			o.Zone = time.UTC
		}
		format := FormatCSV
		if flags&16 != 0 {
			format = FormatCSVGB
		}
		checkTable(t, format, text, o)
		for _, delimiter := range []byte{',', ';', '\t'} {
			checkCells(t, text, delimiter)
		}
	})
}
