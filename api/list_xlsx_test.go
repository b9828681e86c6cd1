package api

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/xuri/excelize/v2"

	"poolwise/engine"
)

// rowsOf reads the only sheet of a spreadsheet, and tells which cells are text.
func sheetRows(t *testing.T, body string) (rows [][]string, file *excelize.File, sheet string) {
	t.Helper()
	file, err := excelize.OpenReader(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	t.Cleanup(func() { file.Close() })
	sheet = file.GetSheetName(0)
	if rows, err = file.GetRows(sheet, excelize.Options{RawCellValue: true}); err != nil {
		t.Fatal(err)
	}
	return rows, file, sheet
}

func TestMissingAsXLSX(t *testing.T) {
	// Ensures that the missing as a spreadsheet are the roster form: headings, numbers counted
	// on from page to page, names as they are and never formulas, IDs and telephones text.
	h := populated(t)
	var all [][]string
	path := "/v1/rounds/R1/missing?limit=2"
	for pages := range 5 {
		status, body, header := h.ask("GET", path, "", "Accept: "+typeXLSX)
		if status != 200 || header.Get("Content-Type") != typeXLSX || header.Get("X-As-Of") == "" || header.Get("Content-Disposition") != `attachment; filename="missing-R1.xlsx"` {
			t.Fatalf("page %d: got %d, %v", pages, status, header)
		}
		rows, file, sheet := sheetRows(t, body)
		if got := strings.Join(rows[0], " "); got != "序号 街道 社区 网格 挂钩联络员 受检对象姓名 性别 身份证号 联系电话 试管码 是否需要上门采样" {
			t.Fatalf("got %s", got)
		}
		for i := range rows[1:] {
			for _, column := range []string{"F", "H", "I", "J"} {
				cell := column + strconv.Itoa(i+2)
				kind, _ := file.GetCellType(sheet, cell)
				formula, _ := file.GetCellFormula(sheet, cell)
				if value, _ := file.GetCellValue(sheet, cell); value != "" && kind != excelize.CellTypeInlineString || formula != "" {
					t.Errorf("%s is %v, formula %q; want text", cell, kind, formula)
				}
			}
		}
		all = append(all, rows[1:]...)
		next := header.Get("X-Next-After")
		if next == "" {
			break
		}
		path = "/v1/rounds/R1/missing?limit=2&after=" + next
	}
	want := [][]string{{"1", badFormula, badName, "", "测试乙", "测试甲", "女", "twn:00000005", "13900000005", "T77", "是"},
		{"2", "", badFormula, "", "", badFormula, "男", "twn:00000006", "", "", "否"}, {"3", badFormula, badName, "", "", "", "", "twn:00000007", "", "", "否"}}
	if fmt.Sprintf("%q", all) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", all, want)
	}
	for _, after := range []string{"1.x", ".5", "x.1", "1.99999999999", "1.2.3"} {
		h.wantCode("GET", "/v1/rounds/R1/missing?after="+after, "", 400, "field_invalid", "Accept: "+typeXLSX)
	}
	h.wantCode("GET", "/v1/rounds/R1/missing?profile=2", "", 400, "field_invalid")
	h.wantCode("GET", "/v1/rounds/R9/missing", "", 404, "round_unknown", "Accept: "+typeXLSX)
}

func TestMissingAsXLSXComesBack(t *testing.T) {
	// Ensures that the form that the server hands out is one that it takes: the same people, in
	// the same areas, though names of areas stand in it and some areas bear one name.
	h := populated(t)
	var areas, roster strings.Builder
	area := func(code, parent, name string) {
		fmt.Fprintf(&areas, `{"area":%q,"parent":%q,"name":%q}`+"\n", code, parent, name)
	}
	area("990101001", "99", "中山街道")
	area("990101002", "99", "中山街道")
	area("990101003", "99", "东门街道")
	for _, street := range []string{"990101001", "990101002", "990101003"} {
		trap := "文化社区"
		if street == "990101003" {
			trap = "第三网格"
		}
		for i := range 3 {
			community := fmt.Sprintf("%s%03d", street, i)
			area(community, street, []string{"人民社区", "人民社区", "文化社区"}[i])
			area(community+"01", community, "第一网格")
			area(community+"02", community, []string{"第二网格", "12345", trap}[i])
		}
	}
	area("99", "35", "中山街道")
	h.take("PUT", "/v1/areas", areas.String())
	n := 0
	for line := range strings.Lines(areas.String()) {
		code := line[len(`{"area":"`):][:strings.Index(line[len(`{"area":"`):], `"`)]
		fmt.Fprintf(&roster, `{"person":"twn:%08d","area":%q}`+"\n", 1000+n, code)
		n++
	}
	h.take("POST", "/v1/roster", roster.String())
	_, before, _ := h.ask("GET", "/v1/rounds/R1/missing?profile=1", "")
	_, body, _ := h.ask("GET", "/v1/rounds/R1/missing", "", "Accept: "+typeXLSX)
	rows, _, _ := sheetRows(t, body)
	named := 0
	for _, row := range rows[1:] {
		if row[3] == "第一网格" && row[2] == "文化社区" && row[1] == "东门街道" {
			named++
		}
	}
	if named != 1 {
		t.Errorf("areas have names in the form where those tell them apart: got %d rows; want 1", named)
	}
	all := strings.Count(before, "\n")
	status, answer, _ := h.ask("POST", "/v1/roster", body, "Content-Type: "+typeXLSX)
	if want := fmt.Sprintf(`{"received":%d,"accepted":0,"duplicates":%d,"rejected":0,`, all, all); status != 200 || !strings.HasPrefix(answer, want) {
		t.Errorf("got %d %s\nwant %s", status, answer, want)
	}
	if _, after, _ := h.ask("GET", "/v1/rounds/R1/missing?profile=1", ""); after != before {
		t.Errorf("got %s\nwant %s", after, before)
	}
}

func TestFormPlaces(t *testing.T) {
	// Ensures which level of areas stands in which column.
	for _, c := range []struct{ codes, want string }{
		{"", "||"}, {"99", "|99|"}, {"9901 99", "99|9901|"}, {"990101 9901 99", "99|9901|990101"}, {"990101001", "990101001||"}, {"990101001001", "|990101001001|"},
		{"990101001001 990101001", "990101001|990101001001|"}, {"99010100100101", "||99010100100101"}, {"99010100100101 990101001001", "|990101001001|99010100100101"},
	} {
		var up []engine.AreaName
		for _, code := range strings.Fields(c.codes) {
			up = append(up, engine.AreaName{Code: code})
		}
		place := formPlace(up)
		if got := strings.Join(place[:], "|"); got != c.want {
			t.Errorf("%s: got %s; want %s", c.codes, got, c.want)
		}
	}
	for name, want := range map[string]string{"东门": "东门", "": "35", " 东门": "35", "12345": "35", "'东门": "35", "1号": "1号"} {
		if got := formArea(&engine.AreaName{Code: "35", Name: name}); got != want {
			t.Errorf("%q: got %s; want %s", name, got, want)
		}
	}
}

func TestCoverageAsXLSX(t *testing.T) {
	// Ensures that coverage as a spreadsheet has the columns and values of the lines, numbers as numbers.
	h := populated(t)
	for path, list := range map[string]string{"": "coverage", "?by=area&area=35": "coverage area", "?by=circle": "coverage circle", "?by=group": "coverage group", "?by=site": "coverage site"} {
		_, table, _ := h.ask("GET", "/v1/rounds/R1/coverage"+path, "", "Accept: text/csv")
		status, body, header := h.ask("GET", "/v1/rounds/R1/coverage"+path, "", "Accept: "+typeXLSX)
		if status != 200 || header.Get("Content-Type") != typeXLSX {
			t.Fatalf("%s: got %d %.200s", path, status, body)
		}
		rows, file, sheet := sheetRows(t, body)
		var got strings.Builder
		for _, row := range rows {
			for len(row) < len(listTables[list].names) {
				row = append(row, "")
			}
			got.WriteString(strings.Join(row, ",") + "\r\n")
		}
		if got.String() != table {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got.String(), table)
		}
		if kind, _ := file.GetCellType(sheet, "E2"); kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
			t.Errorf("%s: a count is %v", path, kind)
		}
	}
}

// largePage is as many people as a form may hold, with texts so long.
func largePage(e *engine.Engine, rows, length int) *peoplePage {
	page := &peoplePage{texts: bytes.Repeat([]byte("&"), length)}
	text := pageText{0, uint32(length)}
	for i := range rows {
		page.who = append(page.who, engine.PersonOrdinal(i%8+1))
		page.people = append(page.people, pagePerson{area: "35", name: text, phone: text, liaison: text, tube: text})
	}
	return page
}

func TestXLSXLeavesNoFile(t *testing.T) {
	// Ensures that the largest spreadsheets, far past the size at which the library turns to a
	// file of the temporary folder, leave none there at any moment.
	h := populated(t)
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	if os.TempDir() != folder {
		t.Skip("this system has another temporary folder")
	}
	if err := os.Chmod(folder, 0o500); err != nil { // for those who are not root nothing could be written anyway
		t.Fatal(err)
	}
	for _, c := range []struct{ rows, length int }{{xlsxRowsMax, 3}, {xlsxRowsMax, 40}} {
		page := largePage(h.engine, c.rows, c.length)
		cut := page.cut()
		if c.length < 10 == cut {
			t.Errorf("%d rows of %d bytes: cut %v", c.rows, c.length, cut)
		}
		file, err := newSheet("受检对象", formHeadings, formWidths)
		if err != nil {
			t.Fatal(err)
		}
		written := 0
		for range page.people {
			for k := range file.cells {
				file.cells[k] = strings.Repeat("&", c.length)
			}
			if err := file.write(); err != nil {
				t.Fatal(err)
			}
			if written++; written%1000 == 0 {
				h.noFiles(folder)
			}
		}
		body, err := file.finish()
		if err != nil || len(body) == 0 {
			t.Fatalf("got %d bytes, %v", len(body), err)
		}
		h.noFiles(folder)
		file.file.Close()
		if _, err := rosterForm(h.engine, page, 0); err != nil {
			t.Fatal(err)
		}
		h.noFiles(folder)
	}
}

func (h *house) noFiles(folder string) {
	h.t.Helper()
	if found, _ := filepath.Glob(filepath.Join(folder, "*")); len(found) > 0 {
		h.t.Fatalf("files in the temporary folder: %s", found)
	}
}

func TestXLSXTurns(t *testing.T) {
	// Ensures that spreadsheets past those that may be under way are told to come again, and that turns are given back.
	h := populated(t)
	for range xlsxAtOnce {
		xlsxTurns <- struct{}{}
	}
	h.wantCode("GET", "/v1/rounds/R1/missing", "", 503, "overloaded", "Accept: "+typeXLSX)
	h.wantCode("GET", "/v1/rounds/R1/coverage", "", 503, "overloaded", "Accept: "+typeXLSX)
	for range xlsxAtOnce {
		<-xlsxTurns
	}
	for range 2 * xlsxAtOnce {
		if status, _, _ := h.ask("GET", "/v1/rounds/R1/coverage", "", "Accept: "+typeXLSX); status != 200 {
			t.Errorf("got %d", status)
		}
	}
}

// BenchmarkMissing is a page of 10,000 people in each form, without the network.
func BenchmarkMissing(b *testing.B) {
	const people = 10_000
	e := engine.New(engine.DefaultConfig(), heapPages{})
	batch := &engine.Batch{Roles: engine.RoleAll, Contexts: make([]engine.Context, 1)}
	item := profile(engine.FieldArea, "99010100100101", engine.FieldCircle, "3")
	for i := range people {
		batch.Add(engine.KindRoster, 0, engine.NoTube, engine.ResidentRef(99010119900000000+uint64(i)), 0, 0, 0, batch.Put(item))
	}
	batch.Add(engine.KindRound, 0, engine.NoTube, 0, 0, 0, 0, batch.Put(profile(engine.FieldKey, "R1")))
	var out engine.Changes
	e.Apply(1, []*engine.Batch{batch}, &out)
	book := profileBook{}
	for i := range people {
		book[engine.PersonOrdinal(i+1)] = profile(engine.FieldName, "测试甲", engine.FieldSex, "F", engine.FieldPhone, "13900000000")
	}
	s, back := New(Config{}), &Backend{Engine: e, Profiles: book}
	for _, c := range []struct{ name, query, accept string }{{"ndjson", "", ""}, {"csv", "", "text/csv"}, {"profile ndjson", "&profile=1", ""}, {"profile csv", "&profile=1", "text/csv"}, {"xlsx", "", typeXLSX}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx := &fasthttp.RequestCtx{}
				ctx.Init2(&watchedConn{}, nil, false)
				ctx.Request.SetRequestURI("/v1/rounds/R1/missing?limit=10000" + c.query)
				ctx.Request.Header.Set("Accept", c.accept)
				if refused := s.getMissing(back, ctx, []byte("R1")); refused != nil || len(ctx.Response.Body()) < people {
					b.Fatal(refused)
				}
			}
		})
	}
}
