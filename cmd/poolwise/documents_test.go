package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolwise/storage"
)

// section is a document from one heading to the next.
type section struct {
	level  int
	code   []string   // blocks, with the language
	tables [][]string // of each table: columns and the code of the first column, row by row
	spans  []string   // code within text, sorted
	links  []string   // sorted
}

var (
	codeSpan = regexp.MustCompile("`[^`]+`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// sections reads a document of the kind we write: ATX headings, fenced code, pipe tables.
func sections(text string) []section {
	list := []section{{}}
	block, inTable := "", false
	for line := range strings.Lines(text) {
		s := &list[len(list)-1]
		switch {
		case block != "":
			if block += line; strings.HasPrefix(line, "```") {
				s.code, block = append(s.code, block), ""
			}
			continue
		case strings.HasPrefix(line, "```"):
			block = line
			continue
		case strings.HasPrefix(line, "#"):
			list = append(list, section{level: strings.IndexByte(line, ' ')})
			s = &list[len(list)-1]
		case strings.HasPrefix(line, "|"):
			if !inTable {
				s.tables = append(s.tables, nil)
			}
			cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
			first := codeSpan.FindAllString(cells[1], -1)
			last := &s.tables[len(s.tables)-1]
			*last = append(*last, fmt.Sprint(len(cells)-2, first))
		}
		inTable = strings.HasPrefix(line, "|")
		s.spans = append(s.spans, codeSpan.FindAllString(line, -1)...)
		for _, to := range link.FindAllStringSubmatch(line, -1) {
			s.links = append(s.links, to[1])
		}
	}
	for i := range list {
		slices.Sort(list[i].spans)
		slices.Sort(list[i].links)
	}
	return list
}

// anchorOf is what a heading is linked by.
func anchorOf(heading string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "# "))) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c > 0x7f && !strings.ContainsRune("，。：；、（）《》？！", c):
			b.WriteRune(c)
		}
	}
	return b.String()
}

const documentsRoot = "../.."

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(documentsRoot, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadmesSayTheSame(t *testing.T) {
	// Ensures that the Chinese README has the sections of the English one, and in each the
	// same blocks of code, tables, code and links: whoever changes one, changes both.
	english, chinese := sections(document(t, "README.md")), sections(document(t, "README.zh-CN.md"))
	if len(english) != len(chinese) {
		t.Fatalf("got %d and %d sections", len(english), len(chinese))
	}
	// Each names the other, and a link within a document is named after a heading.
	const same = "README"
	for i := range english {
		e, c := &english[i], &chinese[i]
		for _, links := range [][]string{e.links, c.links} {
			for j, to := range links {
				switch {
				case to == "README.md" || to == "README.zh-CN.md":
					links[j] = same
				case strings.HasPrefix(to, "#"):
					links[j] = "#"
				}
			}
			slices.Sort(links)
		}
		if e.level != c.level {
			t.Errorf("section %d: got levels %d and %d", i, e.level, c.level)
		}
		apart(t, i, "code", e.code, c.code)
		apart(t, i, "code within text", e.spans, c.spans)
		apart(t, i, "links", e.links, c.links)
		if len(e.tables) != len(c.tables) {
			t.Errorf("section %d: got %d and %d tables", i, len(e.tables), len(c.tables))
			continue
		}
		for j := range e.tables {
			apart(t, i, fmt.Sprintf("rows of table %d (columns, code of the first)", j), e.tables[j], c.tables[j])
		}
	}
}

// apart tells what only one of two lists has, or where their order differs.
func apart(t *testing.T, section int, what string, english, chinese []string) {
	t.Helper()
	if slices.Equal(english, chinese) {
		return
	}
	only := func(a, b []string) (list []string) {
		b = slices.Clone(b)
		for _, v := range a {
			if at := slices.Index(b, v); at >= 0 {
				b = slices.Delete(b, at, at+1)
			} else {
				list = append(list, v)
			}
		}
		return list
	}
	t.Errorf("section %d: %s: only in English %q; only in Chinese %q", section, what, only(english, chinese), only(chinese, english))
}

func TestLinksLead(t *testing.T) {
	// Ensures that what the documents link to within the project is there: files, and headings.
	err := filepath.WalkDir(documentsRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != documentsRoot && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range sections(string(text)) {
			for _, to := range s.links {
				if problem := followLink(path, to); problem != "" {
					t.Errorf("%s: %s: %s", path, to, problem)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// followLink says what is wrong with a link of a document.
func followLink(from, to string) string {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(to, "#")
	if file == "" {
		file = filepath.Base(from)
	}
	path := filepath.Join(filepath.Dir(from), filepath.FromSlash(file))
	if rel, err := filepath.Rel(documentsRoot, path); err != nil || strings.HasPrefix(rel, "..") {
		return "leads out of the project"
	}
	text, err := os.ReadFile(path)
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return ""
	}
	if err != nil {
		return "there is no such file"
	}
	if anchor == "" {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") && anchorOf(line) == anchor {
			return ""
		}
	}
	return "there is no such heading"
}

func TestReadmeHelp(t *testing.T) {
	// Ensures that the README shows what `poolwise help` prints.
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		if !strings.Contains(document(t, name), "$ bin/poolwise help\n"+usage+"```") {
			t.Errorf("%s does not show what poolwise help prints:\n%s", name, usage)
		}
	}
}

func TestExampleDay(t *testing.T) {
	// Ensures that the example day goes through every main door of a fresh server by curl, as
	// docs/examples says, and that its files are those that `poolwise load` takes.
	examples := filepath.Join(documentsRoot, "docs", "examples")
	r := begin(t, func(c *Config) { c.FS, c.Data = storage.NewCrashFS(), "data" })
	for _, words := range []string{"areas areas.ndjson", "sites sites.ndjson", "labs labs.ndjson", "round round.json --round EXAMPLE", "roster roster.csv", "scans scans.ndjson", "events events.ndjson", "results results.ndjson", "events single.ndjson"} {
		args := strings.Fields(words)
		args[1] = filepath.Join(examples, args[1])
		if status, out, errs := loading(t, "", nil, append(args, "--target", r.url)...); status != 0 {
			t.Errorf("%s: got %d, %s%s", words, status, out, errs)
		}
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not there: docs/examples/curl.sh is not tried")
	}
	t.Logf("with %s", curl)
	fresh := begin(t, func(c *Config) { c.FS, c.Data = storage.NewCrashFS(), "data" })
	out, err := exec.CommandContext(t.Context(), "/bin/sh", filepath.Join(examples, "curl.sh"), fresh.url).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "checks, all as they should be") {
		t.Errorf("curl.sh: got %v:\n%s", err, out)
	}
}
