package ingest

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// workbook makes a workbook of one sheet.
func workbook(t testing.TB, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	return written(t, f)
}

func written(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archive makes a zip of parts, name and text in turn.
func archive(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		p, err := w.CreateHeader(&zip.FileHeader{Name: parts[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// handmade is a workbook of a sheet's XML and shared texts' XML.
func handmade(t testing.TB, sheet, texts string) []byte {
	return archive(t,
		"xl/workbook.xml", `<workbook><sheets><sheet name="a" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml", sheet, "xl/sharedStrings.xml", texts)
}

func TestSheetsAreRead(t *testing.T) {
	// Ensures that a workbook with the fields' names as headings becomes the lines of its rows, each
	// type of cell as people read it.
	id := residentID(1)
	day := time.Date(2021, 6, 1, 9, 30, 0, 0, time.UTC)
	text := workbook(t, [][]any{
		{"remark", "Person", "name", "phone", "area", "circle", "home_visit", "vaccinated_at", "groups"},
		{},
		{"x", id, `测"试\甲`, 13900000001, 350582001001, 3, true, day, "a;b"},
		{nil, residentID(2), "<测试>&乙 ", "13900000002", "350582", 2.0, false, "2021/6/1", ""},
		{" ", nil, "", nil},
		{nil, residentID(3), nil, nil, nil, nil, "是", nil, nil, nil, "a note beside"},
	})
	want := strings.Join([]string{
		`{"person":"` + id + `","name":"测\"试\\甲","phone":"13900000001","area":"350582001001","circle":3,"home_visit":true,"vaccinated_at":"2021-06-01T09:30:00","groups":["a","b"]}`,
		`{"person":"` + residentID(2) + `","name":"<测试>&乙 ","phone":"13900000002","area":"350582","circle":2,"home_visit":false,"vaccinated_at":"2021-06-01T00:00:00"}`,
		`{"person":"` + residentID(3) + `","home_visit":true}`,
	}, "\n")
	o := Options{Endpoint: Roster, Zone: time.FixedZone("", 8*3600)}
	r, lines, err := readCSV(t, FormatXLSX, o, string(text))
	if got := strings.Join(lines, "\n"); err != nil || got != want || r.Decoded.Rejected != 0 {
		t.Errorf("got %v, %+v\n%s\nwant\n%s", err, r.Decoded.Errors, got, want)
	}
	if fmt.Sprint(r.Rows) != "[3 4 6]" {
		t.Errorf("got rows %d; want 3, 4 and 6", r.Rows)
	}
}

func TestSheetsOfOtherPrograms(t *testing.T) {
	// Ensures that prefixes, rich and inline texts, readings, comments, entities, dates of 1904 and absent
	// references are read, and that a later sheet is taken when the first has no headings.
	id := residentID(1)
	texts := `<?xml version="1.0"?><!-- <si> --><x:sst xmlns:x="y"><x:si><x:t>person</x:t></x:si><x:si/><x:si><x:r><x:rPr><x:b/></x:rPr><x:t xml:space="preserve">测&#x8BD5;</x:t></x:r><x:r><x:t>&#30002;&amp;</x:t></x:r><x:rPh sb="0"><x:t>jia</x:t></x:rPh></x:si></x:sst>`
	sheet := `<x:worksheet><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="inlineStr"><x:is><x:t>name</x:t></x:is></x:c><x:c t="str"><x:f>"a>b"</x:f><x:v>vaccinated_at</x:v></x:c><x:c t="inlineStr"><x:is><x:r><x:t>househ</x:t></x:r><x:r><x:t>old</x:t></x:r></x:is></x:c></x:row>` +
		`<x:row r='5' note="a>b"><x:c r="C5"><x:v>42000.25</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c><x:c r="A5" t="str"><x:v><![CDATA[` + id + `]]></x:v></x:c><x:c r="B5" t="s"><x:v>2</x:v></x:c><x:c/></x:row>` +
		`<x:row/><x:row r="8"><x:c r="A8" t="str"><x:v>` + id + `</x:v></x:c><x:c r="B8" t="s"><x:v>99</x:v></x:c><x:c r="D8" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData><x:mergeCells/></x:worksheet>`
	text := archive(t,
		"_rels/.rels", `<Relationships><Relationship Id="a" Type="http://x/officeDocument" Target="/w/book.xml"/></Relationships>`,
		"w/book.xml", `<x:workbook><x:workbookPr date1904="1"/><x:sheets><x:sheet name="&lt;" q:id="one"/><x:sheet name="b" q:id="two"/></x:sheets></x:workbook>`,
		"w/_rels/book.xml.rels", `<Relationships><Relationship Target="s/first.xml" Type="x/worksheet" Id="one"/><Relationship Target="../other/second.xml" Type="x/worksheet" Id="two"/><Relationship Target="texts.xml" Type="x/sharedStrings" Id="t"/></Relationships>`,
		"w/s/first.xml", `<worksheet><sheetData><row><c t="str"><v>fill in the next sheet</v></c></row></sheetData></worksheet>`,
		`other\second.xml`, sheet, "w/texts.xml", texts)
	want := `{"person":"` + id + `","name":"测试甲&","vaccinated_at":"2018-12-28T06:00:00"}` + "\n" + `{"person":"` + id + `","household":"#N/A"}`
	r, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster, Zone: time.UTC}, string(text))
	if got := strings.Join(lines, "\n"); err != nil || got != want || fmt.Sprint(r.Rows) != "[5 8]" {
		t.Errorf("got %v, rows %d\n%s\nwant\n%s", err, r.Rows, got, want)
	}
}

func TestRoundedIDs(t *testing.T) {
	// Ensures that an ID that a workbook holds as a number is refused, though it may look right.
	id := residentID(1)
	sheet := `<sheetData><row><c t="str"><v>person</v></c></row><row><c><v>` + id + `</v></c></row><row><c t="n"><v>3.5058219300101E+17</v></c></row><row><c t="str"><v>` + id + `</v></c></row><row><c><v>1</v></c></row></sheetData>`
	r, _, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(handmade(t, sheet, "")))
	if want := "2 person_invalid person\n3 person_invalid person\n5 person_invalid person\n"; err != nil || refused(r) != want {
		t.Errorf("got %v\n%swant\n%s", err, refused(r), want)
	}
	for _, e := range r.Decoded.Errors {
		if e.Message != faultRounded[fieldPerson].message {
			t.Errorf("got %q", e.Message)
		}
	}
}

// bomb is a workbook with a part that is one piece very often.
func bomb(t testing.TB, part, start, piece string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for _, p := range [][2]string{
		{"xl/workbook.xml", `<sheet r:id="rId1"/>`},
		{"xl/_rels/workbook.xml.rels", `<Relationship Id="rId1" Type="x/worksheet" Target="sheet.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="texts.xml"/>`},
		{part, start},
	} {
		to, err := w.Create(p[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, p[1]); err != nil {
			t.Fatal(err)
		}
		block := []byte(strings.Repeat(piece, 1<<20/len(piece)))
		for n := 0; p[0] == part && n < size; n += len(block) {
			if _, err := to.Write(block); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbooksStayBounded(t *testing.T) {
	// Ensures that no workbook takes more memory or work than the limits say, whatever its parts hold.
	const head = `<sheetData><row><c t="str"><v>person</v></c></row>`
	for name, c := range map[string]struct {
		text    []byte
		want    error
		holding uint64
	}{
		"deep tags":        {bomb(t, "xl/sheet.xml", head, "<a>", 16<<20), ErrEmpty, 1 << 20},
		"open rows":        {bomb(t, "xl/sheet.xml", head, "<row><c>", 16<<20), errSheet, 1 << 20},
		"rows":             {bomb(t, "xl/sheet.xml", head, "<row/>", 16<<20), errSheet, 1 << 20},
		"cells":            {bomb(t, "xl/sheet.xml", head+"<row>", "<c><v>1</v></c>", 16<<20), errSheet, 1 << 20},
		"one text":         {bomb(t, "xl/sheet.xml", head+"<row><c><v>", "text ", 16<<20), errSheet, 1 << 20},
		"one tag":          {bomb(t, "xl/sheet.xml", head+"<row", ` a="b"`, 16<<20), errSheet, 1 << 20},
		"one comment":      {bomb(t, "xl/sheet.xml", head+"<!--", "a>", 16<<20), errSheet, 1 << 20},
		"shared texts":     {bomb(t, "xl/texts.xml", "", "<si/>", 5*sheetStringsMax+1<<20), errSheetTooLarge, 64 << 20},
		"one shared text":  {bomb(t, "xl/texts.xml", "<si><t>", "text", 1<<20), errNoHeading, 8 << 20},
		"relations":        {bomb(t, "_rels/.rels", "", `<Relationship Id="a"/>`, 1<<20), errNoHeading, 1 << 20},
		"tabs":             {bomb(t, "xl/workbook.xml", "", `<sheet r:id="rId1"/>`, 1<<20), errNoHeading, 1 << 20},
		"entries":          {append(archive(t, "a", ""), strings.Repeat("PK\x01\x02", sheetEntriesMax)...), errSheet, 1 << 20},
		"bytes":            {make([]byte, MaxSheetBytes+1), errSheetTooLarge, 1 << 10},
		"compressed bytes": {make([]byte, MaxSheetBytes), errSheet, 1 << 20},
	} {
		r := &Request{Body: c.text}
		<-sheetReaders
		sheetReaders <- new(sheetReader)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := r.decodeWith(checkFast, FormatXLSX, Options{Endpoint: Events, Now: benchNow, People: nobody{}})
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err != c.want || took > c.holding {
			t.Errorf("%s: got %v, %d bytes of memory; want %v, at most %d", name, err, took, c.want, c.holding)
		}
	}
}

func TestUnpackingIsBounded(t *testing.T) {
	// Ensures that what all parts unpack to counts, that of a part read twice twice.
	text := bomb(t, "xl/sheet.xml", `<sheetData><row><c t="str"><v>remark</v></c></row>`, "<a>text</a>", 1<<20)
	for left, want := range map[int64]error{2 << 20: errUnpacked, 2<<20 + 1000: errNoHeading} {
		r, s := &Request{Body: text}, &sheetReader{left: left}
		if err := s.workbook(r, Options{Endpoint: Roster}); err != want {
			t.Errorf("%d bytes: got %v; want %v", left, err, want)
		}
	}
}

func TestRefusedWorkbooks(t *testing.T) {
	// Ensures that what is no workbook, or none with headings, is refused as a whole.
	good := handmade(t, `<sheetData><row><c t="str"><v>person</v></c></row><row><c t="str"><v>x</v></c></row></sheetData>`, "")
	if _, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(good)); err != nil || lines[0] != `{"person":"x"}` {
		t.Fatal(lines, err)
	}
	wide := `<sheetData><row><c r="A1" t="str"><v>person</v></c><c r="IW1"><v>1</v></c></row></sheetData>`
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"no archive":      {[]byte("person\nx\n"), errSheet},
		"empty":           {nil, errSheet},
		"cut off":         {good[:len(good)-40], errSheet},
		"damaged":         {bytes.Replace(good, []byte(">x<"), []byte(">y<"), 1), errSheet},
		"no workbook":     {archive(t, "a.txt", "b"), errSheet},
		"no sheet":        {archive(t, "xl/workbook.xml", `<workbook/>`), errNoHeading},
		"no part":         {archive(t, "xl/workbook.xml", `<sheet r:id="a"/>`), errNoHeading},
		"empty sheet":     {handmade(t, `<sheetData/>`, ""), errNoHeading},
		"no heading":      {handmade(t, `<sheetData><row><c><v>1</v></c></row></sheetData>`, ""), errNoHeading},
		"headings only":   {handmade(t, `<sheetData><row><c t="str"><v>person</v></c></row></sheetData>`, ""), ErrEmpty},
		"twice":           {handmade(t, `<sheetData><row><c t="str"><v>person</v></c><c t="str"><v>person</v></c></row></sheetData>`, ""), errHeadingTwice},
		"wide":            {handmade(t, wide, ""), errTooManyColumns},
		"document type":   {handmade(t, `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><sheetData/>`, ""), errSheet},
		"row number":      {handmade(t, `<sheetData><row r="1048577"/></sheetData>`, ""), errSheet},
		"encrypted (OLE)": {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("x", 600)), errSheet},
	} {
		if _, _, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(c.text)); err != c.want {
			t.Errorf("%s: got %v; want %v", name, err, c.want)
		}
	}
}

func TestLongRowsOfSheets(t *testing.T) {
	// Ensures that a row longer than an item may be costs itself, also when its texts are shared.
	texts := `<si><t>person</t></si><si><t>name</t></si><si><t>` + strings.Repeat("x", MaxItemBytes) + `</t></si>`
	row := `<row><c t="s"><v>2</v></c><c t="s"><v>2</v></c><c t="s"><v>2</v></c></row>`
	sheet := `<sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>` + row + `<row><c t="str"><v>x</v></c></row>` + row + `</sheetData>`
	r, _, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(handmade(t, sheet, texts)))
	if want := "2 bad_syntax \n3 person_invalid person\n4 bad_syntax \n"; err != nil || refused(r) != want || len(r.Body) > 4*MaxItemBytes {
		t.Errorf("got %v, %d bytes\n%swant\n%s", err, len(r.Body), refused(r), want)
	}
}

func TestNothingIsWritten(t *testing.T) {
	// Ensures that a workbook, however large, leaves no file behind while it is read.
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	rows := [][]any{{"person", "name"}}
	for i := range 3_000 {
		rows = append(rows, []any{residentID(i), fmt.Sprint("测试", i, strings.Repeat("长", 400))})
	}
	text := workbook(t, rows)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if _, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(text)); err != nil || len(lines) != 3_000 {
		t.Fatalf("got %d lines, %v", len(lines), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v; want no files", left, err)
	}
}

func TestSheetsAsALibraryReadsThem(t *testing.T) {
	// Ensures that the texts of random workbooks are those that a library finds in them.
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("ab1 &<>\"';测试𠮷\n\t甲=_x000D_")
	for range 20 {
		heads := []any{"name", "household", "reason", "run", "plate", "remark"}
		rows := [][]any{heads}
		for range 1 + r.IntN(20) {
			var row []any
			for range len(heads) {
				text := "t" // so that none is blank, or takes the place of a formula
				for range r.IntN(12) {
					text += string(alphabet[r.IntN(len(alphabet))])
				}
				switch r.IntN(4) {
				case 0:
					row = append(row, nil)
				case 1:
					row = append(row, r.IntN(1e9))
				default:
					row = append(row, text)
				}
			}
			rows = append(rows, row)
		}
		text := workbook(t, rows)
		f, err := excelize.OpenReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		_, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Events}, string(text))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, row := range want[1:] {
			if len(row) == 0 {
				continue
			}
			var got map[string]string
			if err := json.Unmarshal([]byte(lines[n]), &got); err != nil {
				t.Fatalf("%q: %v", lines[n], err)
			}
			n++
			for i, head := range heads[:len(heads)-1] {
				cell := ""
				if i < len(row) {
					cell = row[i]
				}
				if got[head.(string)] != cell {
					t.Errorf("%s: got %q; want %q", head, got[head.(string)], cell)
				}
			}
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(workbook(f, [][]any{{"person", "name"}, {residentID(1), "测试甲"}}), []byte(nil))
	f.Add(workbook(f, [][]any{{"街道", "受检对象姓名", "身份证号"}, {"x", "流浪汉1", ""}}), []byte(nil))
	f.Add([]byte(`<sst><si><t>person</t></si><si><r><t>a&amp;</t></r><rPh><t>b</t></rPh></si></sst>`),
		[]byte(`<sheetData><row r="1"><c t="s"><v>0</v></c><c t="inlineStr"><is><t>vaccinated_at</t></is></c></row><row><c r="A2"><v>1e5</v></c><c r="B2"><v>44000.5</v></c></row><!-- x --><row/></sheetData>`))
	f.Fuzz(func(t *testing.T, text, sheet []byte) {
		if len(sheet) > 0 {
			text = handmade(t, string(sheet), string(text))
		}
		for _, endpoint := range []Endpoint{Scans, Roster} {
			checkTable(t, FormatXLSX, text, Options{Endpoint: endpoint, Now: benchNow, People: nobody{}, Zone: time.UTC, Areas: districts})
		}
	})
}

func BenchmarkSheet(b *testing.B) {
	rows := [][]any{{"序号", "街道", "社区", "网格", "挂钩联络员", "受检对象姓名", "性别", "身份证号", "联系电话", "试管码", "是否需要上门采样"}}
	for i := range 10_000 {
		rows = append(rows, []any{i + 1, "城东街道", "东湖社区", "第1网格", "测试联络", "测试甲", "男", residentID(i), "13900000001", "", "否"})
	}
	text := workbook(b, rows)
	r, d := &Request{}, NewDecoder()
	o := Options{Endpoint: Roster, Now: benchNow, People: nobody{}, Areas: districts}
	b.ReportAllocs()
	people := 0
	for b.Loop() {
		r.Body = append(r.Body[:0], text...)
		if err := r.decodeWith(d, FormatXLSX, o); err != nil || r.Decoded.Rejected > 0 {
			b.Fatal(err, r.Decoded.Errors)
		}
		people += r.Decoded.Received
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(people), "ns/person")
}
