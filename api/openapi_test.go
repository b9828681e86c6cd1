package api

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOpenAPIHasEveryRoute(t *testing.T) {
	// Ensures that every route is in the document and nothing else is.
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			told[strings.ToUpper(method)+" "+path] = true
			if o.Summary == "" || len(o.Tags) != 1 || len(o.Responses) == 0 {
				t.Errorf("%s %s: got no summary, tag or answers", method, path)
			}
		}
	}
	for _, r := range New(Config{}).routes {
		if key := r.method + " " + r.path; !told[key] {
			t.Errorf("%s is not in the document", key)
		} else {
			delete(told, key)
		}
	}
	for key := range told {
		t.Errorf("%s is in the document and nowhere else", key)
	}
}

func TestDocsPage(t *testing.T) {
	// Ensures that the page shows every operation and type and asks nobody for anything.
	h := open(t, nil).ready()
	_, page, header := h.ask("GET", "/docs", "")
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		t.Fatal(err)
	}
	for path := range d.Paths {
		if !strings.Contains(page, "<code>"+path+"</code>") {
			t.Errorf("%s is not on the page", path)
		}
	}
	for name := range d.Components.Schemas {
		if !strings.Contains(page, `<h3 id="`+name+`">`) {
			t.Errorf("type %s is not on the page", name)
		}
	}
	for _, word := range []string{"http:", "https:", "src=", "<script", "@import", "url("} {
		if strings.Contains(page, word) {
			t.Errorf("the page has %q", word)
		}
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("got policy %q", csp)
	}
}
