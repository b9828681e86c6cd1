package engine_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestRulesTable ensures that the table of rules names every story by what it proves, and no story that
// is not there.
func TestRulesTable(t *testing.T) {
	text, err := os.ReadFile("../docs/RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	stories, files := readStories(t)
	row := regexp.MustCompile(`^\| ([a-z]+/\S+) \| .+ \| ` + "`([a-z0-9_]+)\\.story`" + ` \|$`)
	told := map[string]string{}
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| name") {
			continue
		}
		cells := row.FindStringSubmatch(line)
		if cells == nil {
			t.Errorf("docs/RULES.md:%d: want a row of name, rule and story; got %s", i+1, line)
			continue
		}
		name, file := cells[1], cells[2]
		switch s := stories[file]; {
		case s == nil:
			t.Errorf("docs/RULES.md:%d: there is no story %s", i+1, file)
		case s.proves != name:
			t.Errorf("docs/RULES.md:%d: want %s, what the story %s proves; got %s", i+1, s.proves, file, name)
		}
		told[file] = name
	}
	for _, file := range files {
		if told[file] == "" {
			t.Errorf("docs/RULES.md does not name the story %s, which proves %s", file, stories[file].proves)
		}
	}
}
