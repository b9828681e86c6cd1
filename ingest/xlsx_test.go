package ingest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"slices"
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

const (
	sheetSpace    = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	relationSpace = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	packageSpace  = `http://schemas.openxmlformats.org/package/2006/relationships`
	sheetPart     = "xl/worksheets/sheet1.xml"
)

// bookParts are the parts around a sheet: name and text in turn.
var bookParts = []string{
	"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
	"_rels/.rels", `<Relationships xmlns="` + packageSpace + `"><Relationship Id="a" Type="` + relationSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
	"xl/workbook.xml", `<workbook xmlns="` + sheetSpace + `" xmlns:r="` + relationSpace + `"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
	"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packageSpace + `"><Relationship Id="rId1" Type="` + relationSpace + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
}

// handmade is a workbook of the XML in a sheet and of that in the shared texts.
func handmade(t testing.TB, sheet, texts string) []byte {
	return archive(t, append(slices.Clone(bookParts),
		sheetPart, `<worksheet xmlns="`+sheetSpace+`">`+sheet+`</worksheet>`,
		sharedTextsPart, `<sst xmlns="`+sheetSpace+`">`+texts+`</sst>`)...)
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
	texts := `<?xml version="1.0"?><!-- <si> --><x:sst xmlns:x="` + sheetSpace + `"><x:si><x:t>person</x:t></x:si><x:si/><x:si><x:r><x:rPr><x:b/></x:rPr><x:t xml:space="preserve">测&#x8BD5;</x:t></x:r><x:r><x:t>&#30002;&amp;</x:t></x:r><x:rPh sb="0" eb="1"><x:t>jia</x:t></x:rPh></x:si></x:sst>`
	sheet := `<x:worksheet xmlns:x="` + sheetSpace + `"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="inlineStr"><x:is><x:t>name</x:t></x:is></x:c><x:c t="str"><x:f>"a>b"</x:f><x:v>vaccinated_at</x:v></x:c><x:c t="inlineStr"><x:is><x:r><x:t>househ</x:t></x:r><x:r><x:t>old</x:t></x:r></x:is></x:c></x:row>` +
		`<x:row r='5' note="a>b"><x:c r="A5" t="str"><x:v><![CDATA[` + id + `]]></x:v></x:c><x:c r="B5" t="s"><x:v>2</x:v></x:c><x:c r="C5"><x:v>42000.25</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c><x:c/></x:row>` +
		`<x:row/><x:row r="8"><x:c r="A8" t="str"><x:v>` + id + `</x:v></x:c><x:c r="B8" t="s"><x:v>99</x:v></x:c><x:c r="D8" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData><x:mergeCells/></x:worksheet>`
	text := archive(t, bookParts[0], bookParts[1],
		"_rels/.rels", `<Relationships xmlns="`+packageSpace+`"><Relationship Id="a" Type="`+relationSpace+`/officeDocument" Target="/w/book.xml"/></Relationships>`,
		"w/book.xml", `<x:workbook xmlns:x="`+sheetSpace+`" xmlns:q="`+relationSpace+`"><x:workbookPr date1904="1"/><x:sheets><x:sheet name="&lt;" q:id="one"/><x:sheet name="b" q:id="two"/></x:sheets></x:workbook>`,
		"w/_rels/book.xml.rels", `<Relationships xmlns="`+packageSpace+`"><Relationship Target="s/first.xml" Type="x/worksheet" Id="one"/><Relationship Target="../other/second.xml" Type="x/worksheet" Id="two"/></Relationships>`,
		"w/s/first.xml", `<worksheet><sheetData><row><c t="str"><v>fill in the next sheet</v></c></row></sheetData></worksheet>`,
		`other\second.xml`, sheet, "xl/SharedStrings.xml", texts)
	want := `{"person":"` + id + `","name":"测试甲&","vaccinated_at":"2018-12-28T06:00:00"}` + "\n" + `{"person":"` + id + `","household":"#N/A"}`
	r, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster, Zone: time.UTC}, string(text))
	if got := strings.Join(lines, "\n"); err != nil || got != want || fmt.Sprint(r.Rows) != "[5 8]" {
		t.Errorf("got %v, rows %d\n%s\nwant\n%s", err, r.Rows, got, want)
	}
}

func TestRoundedIDs(t *testing.T) {
	// Ensures that an ID that a workbook holds as a number is refused where digits are lost, and taken where
	// none are.
	id, number := residentID(1), ""
	for i := 2; number == "" || strings.HasSuffix(number, "X"); i++ {
		number = residentID(i)
	}
	sheet := `<sheetData><row><c t="str"><v>person</v></c></row><row><c><v>` + number + `</v></c></row><row><c t="n"><v>3.5058219300101E+17</v></c></row><row><c t="str"><v>` + id + `</v></c></row><row><c><v>350582193001010000</v></c></row><row><c><v>3.50582193001010e17</v></c></row></sheetData>`
	r, _, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster}, string(handmade(t, sheet, "")))
	if want := "3 person_invalid person\n5 person_invalid person\n6 person_invalid person\n"; err != nil || refused(r) != want {
		t.Errorf("got %v\n%swant\n%s", err, refused(r), want)
	}
	for _, e := range r.Decoded.Errors {
		if e.Message != faultRounded[fieldPerson].message {
			t.Errorf("got %q", e.Message)
		}
	}
}

func TestRefusedWorkbooks(t *testing.T) {
	// Ensures that what is no workbook, or none with headings, is refused as a whole.
	const oneRow = `<sheetData><row><c t="str"><v>person</v></c></row><row><c t="str"><v>x</v></c></row></sheetData>`
	good := handmade(t, oneRow, "")
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
		"no sheet":        {archive(t, append(slices.Clone(bookParts[:4]), "xl/workbook.xml", `<workbook xmlns="`+sheetSpace+`"/>`)...), errNoHeading},
		"no part":         {archive(t, bookParts...), errNoHeading},
		"empty sheet":     {handmade(t, `<sheetData/>`, ""), errNoHeading},
		"no heading":      {handmade(t, `<sheetData><row><c><v>1</v></c></row></sheetData>`, ""), errNoHeading},
		"headings only":   {handmade(t, `<sheetData><row><c t="str"><v>person</v></c></row></sheetData>`, ""), ErrEmpty},
		"twice":           {handmade(t, `<sheetData><row><c t="str"><v>person</v></c><c t="str"><v>person</v></c></row></sheetData>`, ""), errHeadingTwice},
		"wide":            {handmade(t, wide, ""), errTooManyColumns},
		"document type":   {handmade(t, `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><sheetData/>`, ""), errSheet},
		"row number":      {handmade(t, `<sheetData><row r="1048577"/></sheetData>`, ""), errSheet},
		"rows twice":      {handmade(t, strings.ReplaceAll(oneRow, `<row>`, `<row r="1">`), ""), errSheet},
		"row 1 last":      {handmade(t, `<sheetData><row r="9"><c t="str"><v>person</v></c></row><row r="2"><c t="str"><v>x</v></c></row></sheetData>`, ""), errSheet},
		"no row number":   {handmade(t, strings.Replace(oneRow, `<row>`, `<row r="a">`, 1), ""), errSheet},
		"bad character":   {handmade(t, strings.Replace(oneRow, `x</v>`, "x\v</v>", 1), ""), errSheet},
		"tags crossed":    {handmade(t, strings.Replace(oneRow, `x</v></c>`, "x</c></v>", 1), ""), errSheet},
		"not closed":      {handmade(t, `<sheetData><row><c t="str"><v>person</v></c></row><row>`, ""), errSheet},
		"bad shared text": {handmade(t, oneRow, "<si><t>&nothing;</t></si>"), errSheet},
		"OLE and archive": {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), good...), errSheet},
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
