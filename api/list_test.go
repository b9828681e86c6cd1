package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"poolwise/engine"
)

// profileBook is profiles by person.
type profileBook map[engine.PersonOrdinal][]byte

func (p profileBook) Stats() ProfileStats { return ProfileStats{Kept: uint64(len(p))} }

func (p profileBook) Read(who []engine.PersonOrdinal, fn func(i int, fields []byte)) error {
	for i, w := range who {
		if fields, ok := p[w]; ok {
			fn(i, fields)
		}
	}
	return nil
}

// profile is the fields of one, each value behind its field.
func profile(fields ...any) (item []byte) {
	for i := 0; i < len(fields); i += 2 {
		item = engine.AppendField(item, fields[i].(engine.Field), []byte(fields[i+1].(string)))
	}
	return item
}

const (
	badFormula = `=HYPERLINK("http://x","y")`
	badName    = "a\"b,c <&> \u2028 \U0001F600"
)

// populated is a server in which every list has lines, and some of them names that are
// awkward in a table.
func populated(t *testing.T) *house {
	h := open(t, nil)
	h.readyWithRejects()
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	h.take("PUT", "/v1/areas", `{"area":"35","name":`+quoted(badFormula)+`,"risk":"low"}`+"\n"+`{"area":"350582","parent":"35","name":`+quoted(badName)+"}\n"+`{"area":"350583","parent":"35","name":"+86"}`+"\n")
	h.take("PUT", "/v1/sites", `{"site":"S01","name":"@东门","area":"350582","kind":"fixed","lab":"L1","opens":"06:00-21:30"}`+"\n")
	h.take("PUT", "/v1/labs", `{"lab":"L1","name":"-L","kind":"lab"}`+"\n"+`{"lab":"CDC","kind":"cdc"}`+"\n")
	h.take("PUT", "/v1/rounds/R1", `{"name":"第一轮","areas":["35","99"],"opens_at":"2022-04-04T00:00:00+08:00","caps":{"low":10},"single_groups":["isolation","staff"]}`+"\n")
	var roster strings.Builder
	for i := range 8 {
		fmt.Fprintf(&roster, `{"person":"twn:%08d","area":%q,"home_visit":%v`, i, []string{"35", "350582"}[i%2], i == 5)
		if i > 1 {
			fmt.Fprintf(&roster, `,"circle":%d,"groups":["medical","g%d"]`, i%3+1, i%2)
		}
		roster.WriteString("}\n")
	}
	h.take("POST", "/v1/roster", roster.String())
	at := func(site, tube, who, at string) string {
		return strings.Replace(scan(tube, who, at), "{", `{"site":"`+site+`",`, 1)
	}
	h.take("POST", "/v1/scans", at("S01", "T1", "twn:00000000", "04T08:00:00")+at("S01", "T1", "twn:00000001", "04T08:01:00")+at("S01", "T1", cat, "04T08:02:00")+
		at("S02", "T2", "twn:00000002", "04T08:03:00"))
	h.take("POST", "/v1/scans", strings.Replace(at("S02", "T3", "twn:00000003", "04T08:04:00"), "{", `{"mode":"single",`, 1))
	h.take("POST", "/v1/results", result("T1", "positive", "04T12:00:00")+result("T2", "negative", "04T12:30:00")+result("T3", "positive", "04T12:31:00"))
	h.take("POST", "/v1/results", strings.Replace(result("T4", "positive", "04T12:32:00"), "{", `{"stage":"preliminary",`, 1), `"flagged":1`)
	h.take("POST", "/v1/scans", at("S01", "T2", "twn:00000000", "04T13:00:00"), `"received":1`)
	h.take("POST", "/v1/scans", at("S02", "T5", "twn:00000000", "04T13:00:00"), `"received":1`)
	h.take("POST", "/v1/scans", at("S02", "T6", "twn:00000001", "04T13:05:00"), `"received":1`)
	h.take("POST", "/v1/events", event("excuse", "04T14:00:00", `"person":"twn:00000004"`, `"round":"R1"`, `"reason":"moved out"`)+
		event("tube.receive", "04T10:00:00", `"tube":"T1"`, `"lab":"L1"`)+event("person.merge", "04T14:30:00", `"from":"`+cat+`"`, `"to":"twn:00000003"`))
	h.take("POST", "/v1/scans", `{"tube":"T9","person":"=1","at":"2022-04-04T08:00:00+08:00","note":{"a":["\"",1]}}`+"\n"+"no, item\n", `"rejected":2`)
	book := profileBook{}
	for i := range 8 {
		who := h.engine.Find(engine.DocumentRef(engine.Span{Len: 12}), fmt.Appendf(nil, "twn:%08d", i))
		switch i {
		case 5:
			book[who] = profile(engine.FieldName, "测试甲", engine.FieldSex, "F", engine.FieldPhone, "13900000005", engine.FieldLiaison, "测试乙", engine.FieldTube, "T77")
		case 6:
			book[who] = profile(engine.FieldName, badFormula, engine.FieldHousehold, "H1", engine.FieldSex, "M")
		}
	}
	b := *h.server.backend.Load()
	b.Profiles = book
	h.server.Ready(b)
	return h
}

// listRequests are requests that between them show every list.
var listRequests = []struct {
	list, method, path, body string
	foreign                  bool // may not be there in a build
}{
	{list: "alerts", path: "/v1/alerts"},
	{list: "areas", path: "/v1/areas"},
	{list: "changes", path: "/v1/changes"},
	{list: "coverage", path: "/v1/rounds/R1/coverage"},
	{list: "coverage area", path: "/v1/rounds/R1/coverage?area=35&by=area"},
	{list: "coverage circle", path: "/v1/rounds/R1/coverage?by=circle"},
	{list: "coverage group", path: "/v1/rounds/R1/coverage?by=group"},
	{list: "coverage site", path: "/v1/rounds/R1/coverage?by=site"},
	{list: "history", path: "/v1/people/twn:00000001/history", foreign: true},
	{list: "labs", path: "/v1/labs"},
	{list: "missing", path: "/v1/rounds/R1/missing"},
	{list: "missing profile", path: "/v1/rounds/R1/missing?profile=1"},
	{list: "people", path: "/v1/people", foreign: true},
	{list: "recollections", path: "/v1/recollections?kind=all"},
	{list: "rejects", path: "/v1/rejects", foreign: true},
	{list: "rounds", path: "/v1/rounds"},
	{list: "sites", path: "/v1/sites"},
	{list: "status", method: "POST", path: "/v1/status", body: `{"people":["twn:00000000","twn:00000001","twn:00000002","twn:00000003","` + cat + `","twn:00000099"]}`},
	{list: "tubes", path: "/v1/tubes", foreign: true},
}

func TestListsAsCSV(t *testing.T) {
	// Ensures that every list says the same as CSV as it does as NDJSON, that each key of each
	// line has a column, and that nothing in a table is a formula.
	h := populated(t)
	shown := map[string]bool{}
	for _, c := range listRequests {
		method, headers := c.method, []string(nil)
		if method == "" {
			method = "GET"
		} else {
			headers = append(headers, "Content-Type: application/json")
		}
		status, lines, _ := h.ask(method, c.path, c.body, headers...)
		shown[c.list] = true
		if c.foreign && (status == 404 || lines == "") {
			t.Logf("%s: got %d, no lines to compare", c.path, status)
			continue
		}
		if status != 200 || strings.Count(lines, "\n") == 0 {
			t.Errorf("%s: got %d %q; want lines", c.path, status, lines)
			continue
		}
		_, table, header := h.ask(method, c.path, c.body, append(headers, "Accept: text/csv")...)
		if got := header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
			t.Errorf("%s: got %s", c.path, got)
		}
		h.same(c.path, c.list, lines, table)
	}
	for list := range listColumns {
		if !shown[list] {
			t.Errorf("the list %q is not asked for here", list)
		}
	}
}

// same compares lines with a table.
func (h *house) same(path, list, lines, table string) {
	h.t.Helper()
	if strings.Count(table, "\r\n") < strings.Count(lines, "\n")+1 {
		h.t.Errorf("%s: lines of a table end with CR LF", path)
	}
	reader := csv.NewReader(strings.NewReader(table))
	rows, err := reader.ReadAll()
	if err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
	columns := rows[0]
	if got := strings.Join(columns, " "); got != strings.Join(listTables[list].names, " ") {
		h.t.Errorf("%s: got columns %s", path, got)
	}
	known := map[string]bool{}
	for _, c := range columns {
		known[c] = true
	}
	all := strings.Split(strings.TrimSuffix(lines, "\n"), "\n")
	if len(all) != len(rows)-1 {
		h.t.Fatalf("%s: got %d rows of %d lines", path, len(rows)-1, len(all))
	}
	for i, line := range all {
		var v map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&v); err != nil {
			h.t.Fatalf("%s: %v in %s", path, err, line)
		}
		eachKey(v, "", func(key string, null bool) {
			if !known[key] && !null && !strings.HasPrefix(key, "item.") && !(key == "item" && list == "rejects") {
				h.t.Errorf("%s: %q has no column", path, key)
			}
		})
		for k, column := range columns {
			if list == "rejects" && column == "item" {
				continue
			}
			want := tableText(v, strings.Split(column, "."))
			if want != "" && strings.ContainsRune("=+-@\t\r", rune(want[0])) && want != "+86" {
				want = "'" + want
			}
			if want = strings.ReplaceAll(want, "\r\n", "\n"); rows[i+1][k] != want { // encoding/csv reads them so
				h.t.Errorf("%s, line %d, %s: got %q; want %q", path, i+1, column, rows[i+1][k], want)
			}
		}
	}
}

func eachKey(v any, key string, do func(key string, null bool)) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			eachKey(field, strings.TrimPrefix(key+"."+name, "."), do)
		}
	case []any:
		for _, element := range v {
			eachKey(element, key, do)
		}
	default:
		do(key, v == nil)
	}
}

// tableText is what a table says of a path.
func tableText(v any, path []string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var parts []string
		for _, element := range v {
			parts = append(parts, tableText(element, path))
		}
		return strings.Join(parts, ";")
	case map[string]any:
		if len(path) == 0 {
			return ""
		}
		return tableText(v[path[0]], path[1:])
	}
	if len(path) > 0 {
		return ""
	}
	return fmt.Sprint(v)
}

func TestEmptyListAsCSV(t *testing.T) {
	// Ensures that an empty list has its header row.
	h := open(t, nil).ready()
	h.want("GET", "/v1/alerts", "", 200, "alert,tube,site,verdict,since,members", "Accept: text/csv")
	if _, text, _ := h.ask("GET", "/v1/recollections", "", "Accept: text/csv"); text != "id,person,kind,state,opened_at,due_at,overdue,causes\r\n" {
		t.Errorf("got %q", text)
	}
}

func TestCSVPages(t *testing.T) {
	// Ensures that the headers of a list's pages do not hang on its form.
	h := populated(t)
	_, _, lines := h.ask("GET", "/v1/rounds/R1/missing?limit=1", "")
	for _, query := range []string{"", "&profile=1"} {
		_, table, header := h.ask("GET", "/v1/rounds/R1/missing?limit=1"+query, "", "Accept: text/csv")
		if strings.Count(table, "\r\n") != 2 || header.Get("X-Next-After") == "" || header.Get("X-Next-After") != lines.Get("X-Next-After") || header.Get("X-As-Of") != lines.Get("X-As-Of") {
			t.Errorf("got %q, next %q, at %q; want %q, %q", table, header.Get("X-Next-After"), header.Get("X-As-Of"), lines.Get("X-Next-After"), lines.Get("X-As-Of"))
		}
	}
}

func TestAccept(t *testing.T) {
	// Ensures that Accept is read as it is meant: names in any case, in their order, weights only where they forbid.
	h := open(t, nil).ready()
	h.take("PUT", "/v1/labs", `{"lab":"L1"}`+"\n")
	for accept, want := range map[string]string{
		"": typeNDJSON, "*/*": typeNDJSON, "application/json": typeNDJSON, "Application/X-NDJSON": typeNDJSON, "text/html, application/xhtml+xml, */*;q=0.8": typeNDJSON,
		"TEXT/CSV": typeCSV, " text/csv ; charset=utf-8;q=0.1 , application/json": typeCSV, "text/html,text/csv": typeCSV, "text/*": typeCSV, "application/json, text/csv": typeNDJSON,
		"text/csv;q=0, */*": typeNDJSON, "text/csv;q=0.000": typeNDJSON, "text/csv; Q=0": typeNDJSON, "text/csv;q=0.01": typeCSV, "text/csv;q=": typeCSV, "application/pdf": typeNDJSON,
		typeXLSX + ",text/csv": typeCSV, ",,;,": typeNDJSON,
	} {
		if _, _, header := h.ask("GET", "/v1/labs", "", "Accept: "+accept); header.Get("Content-Type") != want {
			t.Errorf("%q: got %s; want %s", accept, header.Get("Content-Type"), want)
		}
	}
	h.wantCode("GET", "/v1/labs", "", 406, "not_acceptable", "Accept: "+typeXLSX)
	h.wantCode("GET", "/v1/labs", "", 406, "not_acceptable", "Accept: "+typeXLSX+", application/pdf")
}

func TestCSVCells(t *testing.T) {
	// Ensures what stands in a cell: quotes, apostrophes, escapes, arrays of objects, what has no column.
	for text, want := range map[string]string{
		"": "", "a": "a", "a,b": `"a,b"`, `a"b`: `"a""b"`, `"`: `""""`, "a\nb": "\"a\nb\"", "a\rb": "\"a\rb\"", "=1": "'=1", "+1": "+1", "-1.5": "-1.5", "-1.": "'-1.", "+": "'+", "-a": "'-a", "-2022-04-04": "'-2022-04-04",
		"@a": "'@a", "\ta": "'\ta", "\r": "\"'\r\"", `="x",y`: `"'=""x"",y"`, "a=1": "a=1", "中文": "中文", "1;2": "1;2",
	} {
		if got := string(appendCell(nil, []byte(text))); got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
	w := listTables["status"].scratch.New().(*lineWalker)
	w.read([]byte(`{"as_of":7,"causes":[{"kind":"hold","tube":"A","since":null},{"preliminary":true,"tube":"\u00e4\ud83d\ude00\n\/\ud800x\\"},{}],"odd":{"a":["}",{"b":"\""}]},"pending":null,"recheck":{"id":1.5},"code":"","state":[]}` + "\n"))
	for i, name := range w.table.names {
		want := map[string]string{"as_of": "7", "causes.tube": "A;ä😀\n/\uFFFDx\\;", "causes.kind": "hold;;", "causes.since": ";;", "causes.preliminary": ";true;", "recheck.id": "1.5"}[name]
		if string(w.cells[i]) != want {
			t.Errorf("%s: got %q; want %q", name, w.cells[i], want)
		}
	}
	if w.lost != 1 {
		t.Errorf("got %d values without a column; want 1", w.lost)
	}
	reject := appendCSV(nil, "rejects", []byte(`{"reject":"J1","item":{"a":"=1,\"","b":[1,{}]},"code":"x"}`+"\n"+`{"item":"=1","reject":"J2"}`+"\n"))
	if want := "J1,,,,x,,,,,\"{\"\"a\"\":\"\"=1,\\\"\"\"\",\"\"b\"\":[1,{}]}\"\r\nJ2,,,,,,,,,\"\"\"=1\"\"\"\r\n"; !bytes.HasSuffix(reject, []byte(want)) {
		t.Errorf("got %s", reject)
	}
}

func TestListColumnsAreWhole(t *testing.T) {
	// Ensures that no column is declared twice and that each is found by its path.
	for list, table := range listTables {
		seen := map[string]bool{}
		for i, name := range table.names {
			if seen[name] {
				t.Errorf("%s: %s is there twice", list, name)
			}
			seen[name] = true
			n := table.root
			for part := range strings.SplitSeq(name, ".") {
				next := 0
				if n = n.kid([]byte(part), &next); n == nil || i < n.from || i >= n.to {
					t.Fatalf("%s: %s is not found", list, name)
				}
			}
			if len(n.kids) > 0 || n.from != i || n.to != i+1 {
				t.Errorf("%s: %s is no leaf", list, name)
			}
		}
	}
}

func BenchmarkListCSV(b *testing.B) {
	line := `{"person":"990101199003070023","state":"held","code":"yellow","since":"2022-04-04T14:02:11+08:00","code_until":null,"last_negative":{"tube":"T099","sampled_at":"2022-04-02T08:10:00+08:00","reported_at":"2022-04-02T19:00:00+08:00","basis":"pool"},` +
		`"proof":{"window":"48h","valid":false,"expires_at":"2022-04-04T08:10:00+08:00"},"pending":null,"causes":[{"tube":"T100","kind":"hold","since":"2022-04-04T14:02:11+08:00"}],"recollection":{"id":"R7","kind":"single","state":"open","due_at":"2022-04-04T20:02:11+08:00"},"recheck":null,"as_of":48211}` + "\n"
	for name, c := range map[string]struct{ list, line string }{"status": {"status", line}, "missing": {"missing", `{"person":"990101199003070023"}` + "\n"},
		"profile": {"missing profile", `{"person":"990101199003070023","area":"350582108201","circle":3,"home_visit":false,"name":"测试甲","sex":"F","phone":"13900000001"}` + "\n"}} {
		b.Run(name, func(b *testing.B) {
			const lines = 1000
			body := []byte(strings.Repeat(c.line, lines))
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = appendCSV(dst[:0], c.list, body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
		})
	}
}

func TestCoverageByOverHTTP(t *testing.T) {
	// Ensures the lines of coverage by circle, group and site: a value, or null for those of none, at last.
	h := populated(t)
	path := "/v1/rounds/R1/coverage?by="
	h.look(path+"circle", `{"round":"R1","area":null,"circle":1,"expected":2,"sampled":1,"excused":0,"missing":1,"unrostered":0,`, `"circle":2,"expected":2,"sampled":0,"excused":1,"missing":1,`,
		`"circle":null,"expected":2,"sampled":2,`)
	h.look(path+"circle&area=350582", `"area":"350582","circle":3,"expected":1,`)
	h.look(path+"group", `"group":"g0","expected":3,`, `"group":"medical","expected":6,"sampled":2,"excused":1,"missing":3,`, `"group":null,"expected":2,`)
	h.look(path+"site", `"site":"S01","expected":2,"sampled":2,"excused":0,"missing":0,`, `"received":2,"resulted":2,`, `"site":null,"expected":0,`)
	for query, want := range map[string]int{"circle": 4, "group": 4, "site": 3} {
		if _, text, _ := h.ask("GET", path+query, ""); strings.Count(text, "\n") != want || strings.Count(text, `"as_of":`) != want || !strings.Contains(text[strings.LastIndex(text[:len(text)-1], "\n"):], `"`+query+`":null`) {
			t.Errorf("by %s: got %s", query, text)
		}
	}
	h.wantCode("GET", path+"circle&area=77", "", 404, "area_unknown")
	h.wantCode("GET", "/v1/rounds/R9/coverage?by=site", "", 404, "round_unknown")
	h.wantCode("GET", path+"circles", "", 400, "field_invalid")
}

func TestMissingWithProfiles(t *testing.T) {
	// Ensures that profile=1 tells where the missing are to be found, with null for what is not known.
	h := populated(t)
	want := `{"person":"twn:00000005","area":"350582","circle":3,"home_visit":true,"name":"测试甲","sex":"F","phone":"13900000005"}` + "\n"
	h.look("/v1/rounds/R1/missing?profile=1", want, `{"person":"twn:00000007","area":"350582","circle":2,"home_visit":false,"name":null,"sex":null,"phone":null}`)
	b := *h.server.backend.Load()
	b.Profiles = nil
	h.server.Ready(b)
	h.look("/v1/rounds/R1/missing?profile=true", `"home_visit":true,"name":null,"sex":null,"phone":null}`)
	if _, text, _ := h.ask("GET", "/v1/rounds/R1/missing?profile=0", ""); strings.Contains(text, "home_visit") {
		t.Errorf("got %s", text)
	}
}

func TestRecollectionsOfAnArea(t *testing.T) {
	// Ensures that ?area= shows the orders of people of that area and all within it, page by page.
	h := populated(t)
	_, all, _ := h.ask("GET", "/v1/recollections?kind=all&area=35", "")
	_, whole, _ := h.ask("GET", "/v1/recollections?kind=all", "")
	_, part, _ := h.ask("GET", "/v1/recollections?kind=all&area=350582", "")
	if all != whole || part == "" || len(part) >= len(whole) || strings.Contains(part, `"twn:00000000"`) || !strings.Contains(part, `"twn:00000001"`) {
		t.Errorf("got\n%s\nof\n%s\nof\n%s", part, all, whole)
	}
	var paged strings.Builder
	path := "/v1/recollections?kind=all&area=35&limit=1"
	for range 9 {
		_, text, header := h.ask("GET", path, "")
		paged.WriteString(text)
		if header.Get("X-Next-After") == "" {
			break
		}
		path = "/v1/recollections?kind=all&area=35&limit=1&after=" + header.Get("X-Next-After")
	}
	if paged.String() != whole {
		t.Errorf("by pages: got\n%s\nwant\n%s", paged.String(), whole)
	}
	h.wantCode("GET", "/v1/recollections?area=77", "", 404, "area_unknown")
	h.wantCode("GET", "/v1/recollections?area=x", "", 400, "field_invalid")
}
