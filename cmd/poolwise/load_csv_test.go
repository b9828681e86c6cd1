package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// cut reads a file as `poolwise load` does and returns its batches.
func cut(t *testing.T, c loadConfig, text []byte, batch int) ([]loadBatch, error) {
	t.Helper()
	c.File, c.Batch = "-", batch
	if c.Charset == "" {
		c.Charset = "utf-8"
	}
	f, err := openLoad(&c, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var batches []loadBatch
	err = readBatches(&c, f, func(b loadBatch) bool { batches = append(batches, b); return true })
	return batches, err
}

// records reads one body as anybody would.
func records(t *testing.T, body []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = -1
	list, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	return list
}

// randomCSV writes a file, and says which records stand in which of its rows.
func randomCSV(t *testing.T, random *rand.Rand) (whole []byte, heading []string, want [][]string, rows []int64) {
	t.Helper()
	pieces := []string{"a", "受检", `"`, ",", ";", "\t", "\n", "\r\n", "x y", `""`, "1", "é"}
	comma := []rune{',', ';', '\t', '|'}[random.IntN(4)]
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Comma, w.UseCRLF = comma, random.IntN(2) == 0
	heading = []string{"person", "name\nof them", "at,and;more"}
	write := func(record []string) {
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	write(heading)
	row := int64(1)
	for range random.IntN(30) {
		row++
		if random.IntN(6) == 0 {
			w.Flush()
			text.WriteString(strings.Repeat(string(comma), random.IntN(3)) + []string{"\n", "\r\n", "  \n"}[random.IntN(3)])
			continue
		}
		record := []string{"x"}
		for range 2 {
			var cell strings.Builder
			for range random.IntN(4) {
				cell.WriteString(pieces[random.IntN(len(pieces))])
			}
			record = append(record, cell.String())
		}
		write(record)
		rows, want = append(rows, row), append(want, normal(record))
	}
	w.Flush()
	whole = text.Bytes()
	if random.IntN(2) == 0 {
		whole = bytes.TrimRight(whole, "\r\n")
	}
	if comma == '|' || random.IntN(3) == 0 {
		whole = append([]byte("sep="+string(comma)+"\r\n"), whole...)
	} else if comma != ',' {
		heading[2] = "at" // or the heading would hold as many of others
		whole = bytes.Replace(whole, []byte("at,and;more"), []byte("at"), 1)
		whole = bytes.Replace(whole, []byte("\"at\""), []byte("at"), 1)
	}
	if random.IntN(3) == 0 {
		whole = append(slices.Clone(byteOrderMark), whole...)
	}
	return whole, heading, want, rows
}

func TestLoadCSVAnyCut(t *testing.T) {
	// Ensures that a CSV file cut into batches of any size gives the records that encoding/csv
	// reads of it whole: quotes, doubled ones, commas and line ends inside, blank rows, any
	// delimiter, any end of line; and that each item's row is counted right.
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 400 {
		whole, heading, want, rows := randomCSV(t, random)
		batches, err := cut(t, loadConfig{Kind: "roster", Format: "csv"}, whole, 1+random.IntN(8))
		if err != nil {
			t.Fatalf("seed %d, round %d: %v in %q", seed, round, err, whole)
		}
		var got [][]string
		var gotRows []int64
		for _, b := range batches {
			list := records(t, b.body)
			if b.heading != 1 || !slices.Equal(list[0], normal(heading)) || len(list) != 1+len(b.rows) {
				t.Fatalf("seed %d, round %d: got batch %q of rows %v", seed, round, b.body, b.rows)
			}
			got, gotRows = append(got, list[1:]...), append(gotRows, b.rows...)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) && len(want) > 0 || !slices.Equal(gotRows, rows) {
			t.Fatalf("seed %d, round %d: got %q\nrows %v; want %q\nrows %v of %q", seed, round, got, gotRows, want, rows, whole)
		}
	}
}

// normal is how encoding/csv gives a record back: it reads \r\n as \n.
func normal(record []string) []string {
	out := slices.Clone(record)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "\r\n", "\n")
	}
	return out
}

const formHeading = "序号,街道,社区,网格,挂钩联络员,受检对象姓名,性别,身份证号,联系电话,试管码,是否需要上门采样"

func TestLoadCSVHeadings(t *testing.T) {
	// Ensures that titles above the roster form's heading are left out, that rows count from
	// the top all the same, and that GBK and UTF-16 are read.
	form := "单位：测试社区,,\r\n填表人：测试甲,,联系电话\r\n\r\n" + formHeading + "\r\n1,,,990101,,测试甲,女,990101199003070023,13900000001,T1,否\r\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(form))
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(strings.ReplaceAll(form, ",", "\t")))
	if err != nil {
		t.Fatal(err)
	}
	for charset, text := range map[string][]byte{"utf-8": []byte(form), "gbk": gbk, "": utf16} {
		batches, err := cut(t, loadConfig{Kind: "roster", Format: "csv", Charset: charset}, text, 10)
		if err != nil || len(batches) != 1 || fmt.Sprint(batches[0].rows) != "[5]" {
			t.Errorf("%s: got %+v, %v", charset, batches, err)
			continue
		}
		body := batches[0].body
		if charset == "gbk" {
			body, _ = simplifiedchinese.GB18030.NewDecoder().Bytes(body)
		}
		if got := string(body); got != form[strings.Index(form, "序号"):] {
			t.Errorf("%s: got %q", charset, got)
		}
	}
	batches, err := cut(t, loadConfig{Kind: "scans", Format: "csv"}, []byte("\ntube,person,at\n\"T\n1\",x,y\n"), 10)
	if err != nil || fmt.Sprintf("%q %v", batches[0].body, batches[0].rows) != `"tube,person,at\n\"T\n1\",x,y\n" [3]` {
		t.Errorf("got %+v, %v", batches, err)
	}
}

// sheet makes a spreadsheet of rows.
func sheet(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if _, err := f.NewSheet("Data"); err != nil {
		t.Fatal(err)
	}
	if len(rows) > 0 { // what a form begins with
		if err := f.SetCellStr("Sheet1", "B2", "How to fill this in"); err != nil {
			t.Fatal(err)
		}
	}
	for i, row := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Data", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadXLSX(t *testing.T) {
	// Ensures that a spreadsheet becomes CSV batches: the first sheet with a heading of its kind,
	// titles left out, numbers as they are stored, dates under a time's heading as times to
	// the second, blank rows passed over and counted, quotes where a cell needs them.
	day := time.Date(2022, 4, 4, 8, 1, 59, 0, time.UTC)
	text := sheet(t, []any{"tube", "person", "at", "household"}, []any{"T1", "990101199003070023", day, 44655}, []any{}, []any{"1E5", 560018301, "2022-04-04T08:00:00+08:00", "a,\"b\"\nc"},
		[]any{" ", ""}, []any{"T3", nil, 44655, nil, "beyond"})
	batches, err := cut(t, loadConfig{Kind: "scans", Format: "xlsx"}, text, 2)
	if err != nil || len(batches) != 2 {
		t.Fatalf("got %+v, %v", batches, err)
	}
	got := fmt.Sprintf("%q %v %q %v", batches[0].body, batches[0].rows, batches[1].body, batches[1].rows)
	want := `"tube,person,at,household\nT1,990101199003070023,2022-04-04T08:01:59,44655\n1E5,560018301,2022-04-04T08:00:00+08:00,\"a,\"\"b\"\"\nc\"\n" [2 4] "tube,person,at,household\nT3,,2022-04-04T00:00:00,,beyond\n" [6]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var heading []any
	for _, h := range strings.Split(formHeading, ",") {
		heading = append(heading, h)
	}
	text = sheet(t, []any{"大规模人群核酸筛查检测对象花名册"}, []any{"单位", "测试社区"}, heading, []any{1, "", "", "990101", "", "测试甲", "女", 990101199003070023, 13900000001, "T1", "否"})
	batches, err = cut(t, loadConfig{Kind: "roster", Format: "xlsx"}, text, 10)
	if err != nil || string(batches[0].body) != formHeading+"\n1,,,990101,,测试甲,女,990101199003070023,13900000001,T1,否\n" && !bytes.Contains(batches[0].body, []byte("9.9010119900307")) || fmt.Sprint(batches[0].rows) != "[4]" {
		t.Errorf("got %q, %v", batches[0].body, err)
	}
	batches, err = cut(t, loadConfig{Kind: "areas", Format: "xlsx"}, sheet(t, []any{"no area"}), 10)
	if err != nil || len(batches) != 0 {
		t.Errorf("a sheet of instructions alone: got %+v, %v", batches, err)
	}
	t.Setenv("TMPDIR", "/nonexistent") // a large one is held in memory: names never lie in a temporary file
	large := [][]any{{"person", "name"}}
	for range 600 {
		large = append(large, []any{"passport:USA:560018301", strings.Repeat("x", 32_000)})
	}
	batches, err = cut(t, loadConfig{Kind: "roster", Format: "xlsx"}, sheet(t, large...), 10_000)
	if err != nil || len(batches) != 2 || len(batches[0].rows)+len(batches[1].rows) != 600 {
		t.Errorf("a large one: got %d batches, %v", len(batches), err)
	}
	if _, err := cut(t, loadConfig{Kind: "roster", Format: "xlsx"}, sheet(t), 10); err == nil || !strings.Contains(err.Error(), "got no heading") {
		t.Errorf("an empty spreadsheet: got %v", err)
	}
}
