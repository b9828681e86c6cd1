package api

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pageRows splits the tables of a page into cells, without their backquotes.
func pageRows(t *testing.T, file string) (rows [][]string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what was") || strings.HasPrefix(line, "| package") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		rows = append(rows, cells)
	}
	return rows
}

// testsIn are the tests and fuzz targets of the packages.
func testsIn(t *testing.T) map[string]bool {
	found, name := map[string]bool{}, regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, folder := range []string{".", "../ingest", "../storage", "../engine", "../cmd/poolwise"} {
		files, _ := filepath.Glob(folder + "/*_test.go")
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range name.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
			}
		}
	}
	return found
}

// limitsIn are the constants of the limits files of a package, with their values.
func limitsIn(t *testing.T, folder string) map[string]string {
	limits := map[string]string{}
	files, _ := filepath.Glob(folder + "/*limits*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					var text strings.Builder
					_ = printer.Fprint(&text, set, v.Values[i])
					if name.Name != "_" {
						limits[name.Name] = text.String()
					}
				}
			}
		}
	}
	return limits
}

func TestHostileTable(t *testing.T) {
	// Ensures that docs/HOSTILE.md is whole: each test it names exists, each case of the tests'
	// tables is in it with the outcome that the test wants, and each limit with its value.
	tests, rows := testsIn(t), pageRows(t, "../docs/HOSTILE.md")
	said, limits := map[string]string{}, map[string]string{}
	for _, cells := range rows {
		if len(cells) != 3 && len(cells) != 5 {
			t.Errorf("a row of %d cells: %q", len(cells), cells)
			continue
		}
		if name := cells[len(cells)-1]; !tests[name] {
			t.Errorf("%s: no test %s", cells[0], name)
		}
		if len(cells) == 5 {
			limits[cells[0]+"."+cells[1]] = cells[2]
		} else {
			said[cells[2]+": "+cells[0]] = cells[1]
		}
	}
	for _, folder := range []string{"api", "ingest", "storage", "engine"} {
		for name, value := range limitsIn(t, "../"+folder) {
			if got, ok := limits[folder+"."+name]; !ok || got != value {
				t.Errorf("limit %s.%s: the page says %q; want %s", folder, name, got, value)
			}
			delete(limits, folder+"."+name)
		}
	}
	for name := range limits {
		t.Errorf("limit %s is on the page only", name)
	}
	// A case of a table: a line of the source with a name first and an outcome last.
	cases, current := 0, ""
	function, line := regexp.MustCompile(`^func (Test\w+)\(`), regexp.MustCompile(`^\t\t\{"([^"]+)", .*"((?:\d{3}|on|closed)[^"]*)"\},$`)
	files, _ := filepath.Glob("hostile_*_test.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range strings.Split(string(text), "\n") {
			if m := function.FindStringSubmatch(source); m != nil {
				current = m[1]
			}
			m := line.FindStringSubmatch(source)
			if m == nil || current == "TestHostileLimits" {
				continue
			}
			cases++
			if got, want := said[current+": "+m[1]], strings.TrimSpace(m[2]); got != want {
				t.Errorf("%s: %s: the page says %q; want %q", current, m[1], got, want)
			}
		}
	}
	if cases < 300 {
		t.Errorf("got %d cases only", cases)
	}
}
