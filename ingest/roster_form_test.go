package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
)

// districts are areas as a city names them: two communities bear one name.
func districts(yield func(area, name, parent string)) {
	for _, a := range [][3]string{
		{"3505", "测试市", ""}, {"350501", "城东街道", "3505"}, {"350502", "城西街道", "3505"},
		{"350501001", "东湖社区", "350501"}, {"350501002", "新村社区", "350501"}, {"350502001", "新村社区", "350502"},
		{"35050100101", "第1网格", "350501001"}, {"35050100201", "第1网格", "350501002"}, {"35050200101", "第1网格", "350502001"}, {"35050200102", "第2网格", "350502001"},
		{"35059", "", "3505"}, {"35058", "环", "35057"}, {"35057", "环", "35058"},
	} {
		yield(a[0], a[1], a[2])
	}
}

var formHead = func() (head []any) {
	for _, h := range formHeadings {
		head = append(head, h.text)
	}
	return head
}()

// formRow fills the form: street, community, grid, name, sex, papers.
func formRow(n int, cells ...any) []any {
	return []any{n, cells[0], cells[1], cells[2], "测试联络员", cells[3], cells[4], cells[5], "1390000" + fmt.Sprintf("%04d", n), "", "否"}
}

func TestRosterForm(t *testing.T) {
	// Ensures that the eleven columns become roster items: areas by name, people without papers, all errors
	// at once with the sheet's row and the form's column.
	id := residentID(1)
	rows := [][]any{
		{"测试区全员核酸检测人员名册"}, {"单位：", "测试社区", nil, "填表人：", "测试乙", nil, "联系电话：", "13900000000"}, formHead,
		formRow(1, "城东街道", "东湖社区", "第1网格", "测试甲", "男", id),
		formRow(2, "城西街道", "新村社区", nil, "测试乙", "女", "passport:USA:560018301"),
		formRow(3, nil, nil, "350501", "测试丙", nil, id),
		formRow(4, "城东街道", nil, nil, "流浪汉1", nil, nil),
		formRow(5, "城东街道", "东湖社区", nil, "测试丁之女", nil, " "),
		formRow(6, "城东街道", "东湖社区", nil, "测试丁之子", "X", nil),
		{7}, // numbered in advance
		formRow(8, nil, "新村社区", nil, "测试戊", nil, id),
		formRow(9, "城北街道", "新村社区", nil, "测试戊", nil, id),
		formRow(10, "城东街道", "东湖社区", "第2网格", "测试戊", nil, id),
		formRow(11, nil, nil, "35050200102", "测试戊", nil, nil),
		formRow(12, nil, nil, nil, "流浪汉2", nil, nil),
		formRow(13, nil, nil, "35050200102", "流浪汉", nil, nil),
		formRow(14, nil, nil, "35050200102", "测试戊", nil, "990101900307002"),
		formRow(15, nil, nil, "35050200102", "测试戊", nil, 990101900307002),
		formRow(16, nil, nil, "35050200102", "测试戊", nil, 9.90101e17),
		formRow(17, nil, nil, "第2网格", "测试戊", "?", id),
		formRow(18, nil, nil, "第2网格", "测试戊", "M", id),
		formRow(19, nil, "环", nil, "测试戊", "M", id),
		formRow(20, nil, nil, nil, "流浪汉３", nil, nil),
	}
	rows[3][9], rows[3][10] = "T-1", "是"
	text := workbook(t, rows)
	want := "11 field_invalid 社区\n12 field_invalid 街道\n13 field_invalid 网格\n14 field_missing 身份证号\n15 field_missing 网格\n16 field_missing 身份证号\n" +
		"17 person_invalid 身份证号\n18 person_invalid 身份证号\n19 person_invalid 身份证号\n20 field_invalid 性别\n22 field_invalid 社区\n23 field_missing 网格\n"
	r, lines, err := readCSV(t, FormatXLSX, Options{Endpoint: Roster, Areas: districts}, string(text))
	if err != nil || refused(r) != want || r.Decoded.Batch.Len() != 7 {
		t.Fatalf("got %v, %d accepted\n%swant\n%s", err, r.Decoded.Batch.Len(), refused(r), want)
	}
	for i, start := range []string{
		`{"area":"35050100101","liaison":"测试联络员","name":"测试甲","sex":"M","person":"` + id + `","phone":"13900000001","tube":"T-1","home_visit":true}`,
		`{"area":"350502001","liaison":"测试联络员","name":"测试乙","sex":"F","person":"passport:USA:560018301","phone":"13900000002","home_visit":false}`,
		`{"area":"350501","liaison"`,
		`{"area":"350501","liaison":"测试联络员","name":"流浪汉1","person":"none:350501:1",`,
		`{"area":"350501001","liaison":"测试联络员","name":"测试丁之女","person":"none:350501001:`,
		`{"area":"350501001","liaison":"测试联络员","name":"测试丁之子","sex":"X","person":"none:350501001:`,
	} {
		if !strings.HasPrefix(lines[i], start) {
			t.Errorf("got %s\nwant %s…", lines[i], start)
		}
	}
	if !strings.Contains(lines[4], `,"sex":"F",`) || strings.Count(lines[5], "sex") != 1 {
		t.Errorf("got %s\n%s", lines[4], lines[5])
	}
	for i, f := range []*fault{faultAreaTwice[formCommunity], faultAreaUnknown[formStreet], faultAreaUnknown[formGrid], faultMissing[fieldPerson], faultNoPlace, faultNoNumber, faultFifteen, faultFifteen, faultRounded[fieldPerson], faultInvalid[fieldSex], faultAreaTwice[formCommunity], faultNoPlace} {
		if e := r.Decoded.Errors[i]; e.Message != f.message {
			t.Errorf("row %d: got %q; want %q", r.Rows[e.Index], e.Message, f.message)
		}
	}
	testFormAsCSV(t, rows, want)
}

// testFormAsCSV holds the same form, written as CSV with titles above it, to the same errors.
func testFormAsCSV(t *testing.T, rows [][]any, want string) {
	var b strings.Builder
	for i, row := range rows {
		for n, cell := range row {
			if n > 0 {
				b.WriteByte(';')
			}
			switch {
			case i == 2 && n == 10:
				cell = "\"是否需要\n上门采样\""
			case cell == nil:
				cell = ""
			case cell == 9.90101e17:
				cell = "9.90101E+17"
			}
			fmt.Fprint(&b, cell)
		}
		b.WriteString("\r\n")
	}
	r, _, err := readCSV(t, FormatCSV, Options{Endpoint: Roster, Areas: districts}, b.String())
	if err != nil || refused(r) != want || r.Decoded.Batch.Len() != 7 {
		t.Errorf("CSV: got %v, %d accepted\n%swant\n%s", err, r.Decoded.Batch.Len(), refused(r), want)
	}
	if _, _, err := readCSV(t, FormatCSV, Options{Endpoint: Scans}, "受检对象姓名,身份证号\nx,y\n"); err != errNoHeading {
		t.Errorf("the form as scans: got %v; want %v", err, errNoHeading)
	}
	for _, head := range []string{"身份证号,受检对象姓名,身份证号", "身份证号,受检对象姓名,person", "网格,area,身份证号,受检对象姓名", "序号,序号,身份证号,受检对象姓名", "网格,网格,身份证号,受检对象姓名"} {
		if _, _, err := readCSV(t, FormatCSV, Options{Endpoint: Roster}, head+"\nx,y,z\n"); err != errHeadingTwice {
			t.Errorf("%s: got %v; want %v", head, err, errHeadingTwice)
		}
	}
}

func TestAreasByName(t *testing.T) {
	// Ensures that a name is looked for within the areas before it, however far below, and that one that
	// many areas bear is not looked through for every row.
	many := func(yield func(area, name, parent string)) {
		districts(yield)
		for i := range areaNamesakesMax + 1 {
			yield(fmt.Sprint(7000+i), "同名街道", "3505")
			yield(fmt.Sprint(700000+i), "同名社区", fmt.Sprint(7000+i))
		}
		yield("800001", "深处", "80000")
		yield("80000", "", "7000")
	}
	for _, c := range []struct {
		street, community, grid, want string
	}{
		{"城东街道", "东湖社区", "第1网格", "35050100101"},
		{"城东街道", "新村社区", "第1网格", "35050100201"},
		{"城西街道", "", "第1网格", "35050200101"},
		{"测试市", "", "第2网格", "35050200102"},
		{"", "新村社区", "第2网格", "35050200102"},
		{"350502", "新村社区", "", "350502001"},
		{"nowhere", "nowhere", "12345", "12345"},
		{"城东街道", "", "", "350501"},
		{"", "", "", ""},
		{"7000", "", "深处", "800001"},
		{"城东街道", "", "第1网格", `!names more than one`},
		{"", "新村社区", "", `!names more than one`},
		{"", "新村社区", "第1网格", `!names more than one`},
		{"城东街道", "", "第2网格", `!names no known`},
		{"环", "", "第2网格", `!names no known`},
		{"城西街道", "东湖社区", "第1网格", `!"社区" names no known`},
		{"同名街道", "", "", `!names more than one`},
		{"同名街道", "同名社区", "", `!"街道" names more than one`},
		{"7003", "同名社区", "", "700003"},
	} {
		text := "街道,社区,网格,受检对象姓名,身份证号\n" + strings.Join([]string{c.street, c.community, c.grid, "测试甲", residentID(1)}, ",") + "\n"
		r, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Roster, Areas: many}, text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, rest, found := strings.Cut(lines[0], `"area":"`); found {
			got, _, _ = strings.Cut(rest, `"`)
		}
		if message, wrong := strings.CutPrefix(c.want, "!"); wrong {
			if r.Decoded.Rejected != 1 || !strings.Contains(r.Decoded.Errors[0].Message, message) {
				t.Errorf("%+v: got %s, %+v", c, got, r.Decoded.Errors)
			}
		} else if got != c.want || r.Decoded.Rejected != 0 {
			t.Errorf("%+v: got %s, %+v", c, got, r.Decoded.Errors)
		}
	}
}

func TestFormWithoutAreas(t *testing.T) {
	// Ensures that words name no area where none is known, and that codes do without.
	text := "网格,受检对象姓名,身份证号\n第1网格,测试甲," + residentID(1) + "\n350501,测试甲," + residentID(1) + "\n1,测试甲," + residentID(1) + "\n"
	r, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Roster}, text)
	if want := "2 field_invalid 网格\n4 field_invalid 网格\n"; err != nil || refused(r) != want {
		t.Errorf("got %v\n%swant\n%s", err, refused(r), want)
	}
	if want := `{"area":"第1网格","网格":"第1网格","name":"测试甲","person":"` + residentID(1) + `"}`; lines[0] != want {
		t.Errorf("got %s; want %s", lines[0], want)
	}
}

func TestRefusedAreasKeepTheirColumns(t *testing.T) {
	// Ensures that a row whose area is not known keeps the columns that named it, as they stood
	// there, so that its reject shows what was meant; and that no other row does.
	id := residentID(1)
	for _, c := range []struct{ cells, want string }{
		{"城东街道, 东湖社区 ,2网格", `{"area":"2网格","街道":"城东街道","社区":"东湖社区","网格":"2网格",`},
		{"城北街道,\"新\"\"村\",第2网格", `{"area":"城北街道","街道":"城北街道","社区":"新\"村","网格":"第2网格",`},
		{"城东街道,,第1网格", `{"area":"第1网格","街道":"城东街道","网格":"第1网格",`},
		{"城东街道,东湖社区,第1网格", `{"area":"35050100101","name"`},
		{"x,y,35", `{"area":"35","name"`},
	} {
		text := "街道,社区,网格,受检对象姓名,身份证号\n" + c.cells + ",测试甲," + id + "\n"
		r, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Roster, Areas: districts}, text)
		want := "2 field_invalid"
		if strings.Contains(c.want, `"name"`) {
			want = ""
		}
		if err != nil || !strings.HasPrefix(refused(r), want) || (want == "") != (r.Decoded.Rejected == 0) || !strings.HasPrefix(lines[0], c.want) {
			t.Errorf("%s: got %v, %s, %s; want %s", c.cells, err, refused(r), lines[0], c.want)
		}
	}
}

// newborns reads a form of newborns and gives their numbers, "" where a row has none.
func newborns(t *testing.T, secret []byte, rows ...string) (numbers []string) {
	t.Helper()
	text := "网格,受检对象姓名,身份证号,联系电话\n" + strings.Join(rows, "\n") + "\n"
	r, lines, err := readCSV(t, FormatCSV, Options{Endpoint: Roster, Secret: secret}, text)
	if err != nil || r.Decoded.Rejected != 0 {
		t.Fatalf("got %v, %+v", err, r.Decoded.Errors)
	}
	for _, line := range lines {
		_, rest, _ := strings.Cut(line, `"person":"none:`)
		rest, _, _ = strings.Cut(rest, `"`)
		_, number, _ := strings.Cut(rest, ":")
		numbers = append(numbers, number)
	}
	return numbers
}

func TestNewborns(t *testing.T) {
	// Ensures that a newborn's number is made of name and phone with a secret; that those called
	// alike stay apart, by their phones or as twins; and that a list sent again has the same people.
	rows := []string{"350501,测试甲之子,,13900000001", "350501,测试甲之子,,13900000002", "350501,测试甲之女,,13900000001",
		"350501,测试甲之子,,13900000001", "350501,\"测试甲之子\", ,'13900000001", "350502,测试甲之子,,13900000001", "350501,测试甲之子,,", "350501,测试甲1之子,,3900000001"}
	a, b := []byte(strings.Repeat("a", 32)), []byte(strings.Repeat("b", 32))
	got := newborns(t, a, rows...)
	if fmt.Sprint(newborns(t, a, rows...)) != fmt.Sprint(got) {
		t.Errorf("sent again: got other numbers than %v", got)
	}
	if got[3] != got[0]+"-2" || got[4] != got[0]+"-3" || got[5] != got[0] {
		t.Errorf("twins: got %v", got)
	}
	keyed := hmac.New(sha256.New, a)
	keyed.Write([]byte("测试甲之子\x0013900000001"))
	if want := fmt.Sprint(binary.BigEndian.Uint64(keyed.Sum(nil))); got[0] != want {
		t.Errorf("got %s; want %s", got[0], want)
	}
	different := map[string]bool{}
	for _, i := range []int{0, 1, 2, 6, 7} {
		different[got[i]] = true
	}
	for _, number := range append(newborns(t, b, rows[0]), newborns(t, nil, rows[0])...) {
		different[number] = true
	}
	if len(different) != 7 {
		t.Errorf("got %v of 7 people and keys", different)
	}
}

func TestTablesThroughThePipeline(t *testing.T) {
	// Ensures that tables go the whole way, and that what is refused keeps its place and its sentence.
	b := newBench()
	b.start(t, b.config())
	do := func(f Format, endpoint Endpoint, text []byte) *Request {
		r := AcquireRequest()
		r.Body = append(r.Body[:0], text...)
		if err := b.pipeline.Do(r, f, Options{Endpoint: endpoint, Now: pipelineNow, People: b.engine, Roles: engine.RoleAll, Areas: districts}); err != nil {
			t.Fatal(err)
		}
		return r
	}
	accepted := func(r *Request) (n int) {
		for _, o := range r.Decoded.Batch.Outcome {
			if o == engine.Accepted {
				n++
			}
		}
		return n
	}
	r := do(FormatCSV, Areas, []byte("area,name,parent,risk\n3505,测试市,,low\n350501,城东街道,3505,\n"))
	if accepted(r) != 2 {
		t.Errorf("areas: got %+v", r.Decoded)
	}
	r = do(FormatXLSX, Roster, workbook(t, [][]any{formHead, formRow(1, "城东街道", nil, nil, "测试甲", "男", residentID(1)), formRow(2, "城南街道", nil, nil, "测试乙", "女", residentID(2)), formRow(3, "城东街道", nil, nil, "流浪汉1", "", nil)}))
	if accepted(r) != 2 || refused(r) != "3 field_invalid 街道\n" || r.Decoded.Errors[0].Index != 1 {
		t.Errorf("roster: got %s%+v", refused(r), r.Decoded)
	}
	r = do(FormatCSV, Scans, []byte(csvHead+csvScan(1)+"\n"+csvScan(1)+",x\n"+csvScan(2)+"\n"))
	if accepted(r) != 2 || refused(r) != "3 bad_syntax \n" || fmt.Sprint(r.Decoded.Index) != "[0 2]" {
		t.Errorf("scans: got %s%+v", refused(r), r.Decoded)
	}
	r = do(FormatCSV, Results, []byte("tube,verdict,lab,tested_at,targets,late\nT1,positive,L1,2022-04-04T09:00:00+08:00,ORF1ab=36.2;N=,1\n"))
	if accepted(r) != 1 {
		t.Errorf("results: got %s%+v", refused(r), r.Decoded)
	}
	r = do(FormatNDJSON, Scans, []byte(`{"tube":"T1"}`))
	if len(r.Rows) != 0 || r.Decoded.Errors[0].Message != faultMissing[fieldPerson].message {
		t.Errorf("what a table left behind shows: %+v", r.Decoded.Errors)
	}
}
