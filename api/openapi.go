package api

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"slices"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

// openapi.json is the contract of the wire in OpenAPI 3.1, written by hand. A test walks
// it: every operation is called, every answer has to fit its schema, and every route has
// to be there.
//
//go:embed openapi.json
var openAPI []byte

const typeHTML = "text/html; charset=utf-8"

func (s *Server) getOpenAPI(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	answer(ctx, typeJSON, append(answerMemory(ctx), openAPI...))
	return nil
}

// getDocs answers the document as a page to read. It asks for nothing from elsewhere, not
// even a script: command centres are cut off from the world.
func (s *Server) getDocs(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	ctx.Response.Header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	answer(ctx, typeHTML, append(answerMemory(ctx), docsPage()...))
	return nil
}

// docsPage is made once, when somebody first asks.
var docsPage = sync.OnceValue(func() []byte {
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		panic("api: BUG: cannot read openapi.json: " + err.Error())
	}
	var b strings.Builder
	if err := docsTemplate.Execute(&b, d.page()); err != nil {
		panic("api: BUG: cannot write the page of openapi.json: " + err.Error())
	}
	return []byte(b.String())
})

// document is as much of OpenAPI as the page shows.
type document struct {
	Info struct{ Title, Summary, Description string }
	Tags []struct{ Name, Description string }

	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]schema
		Parameters map[string]parameter
		Responses  map[string]response
	}
}

type operation struct {
	Tags                 []string
	Summary, Description string
	Parameters           []parameter
	RequestBody          *response
	Responses            map[string]response
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      schema
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Content     map[string]struct{ Schema schema }
}

type schema struct {
	Ref         string `json:"$ref"`
	Type        any
	Description string
	Enum        []any
	Const       any
	Pattern     string
	Format      string
	Properties  map[string]schema
	Required    []string
	Items       *schema
	OneOf       []schema
}

// What the template gets.
type docsView struct {
	Info   any
	Groups []docsGroup
	Types  []docsType
}

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	Method, Path, Summary, Description string
	Parameters                         []docsRow
	Body, Answers                      []docsRow
}

type docsType struct {
	Name, Description, Form string
	Fields                  []docsRow
}

// docsRow is a line of a table: of a field, a parameter, a body or an answer.
type docsRow struct {
	Name     string
	Required bool
	Form     string // of its value
	Link     string // to the type it names
	Text     string
}

func (d *document) page() docsView {
	v := docsView{Info: d.Info}
	paths := sortedKeys(d.Paths)
	for _, tag := range d.Tags {
		g := docsGroup{Name: tag.Name, Description: tag.Description}
		for _, path := range paths {
			for _, method := range sortedKeys(d.Paths[path]) {
				if o := d.Paths[path][method]; slices.Contains(o.Tags, tag.Name) {
					g.Operations = append(g.Operations, d.operation(strings.ToUpper(method), path, &o))
				}
			}
		}
		v.Groups = append(v.Groups, g)
	}
	for _, name := range sortedKeys(d.Components.Schemas) {
		s := d.Components.Schemas[name]
		t := docsType{Name: name, Description: s.Description, Form: s.form()}
		for _, field := range sortedKeys(s.Properties) {
			f := s.Properties[field]
			t.Fields = append(t.Fields, docsRow{field, slices.Contains(s.Required, field), f.form(), f.link(), f.Description})
		}
		v.Types = append(v.Types, t)
	}
	return v
}

func (d *document) operation(method, path string, o *operation) docsOperation {
	out := docsOperation{Method: method, Path: path, Summary: o.Summary, Description: o.Description}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[lastOf(p.Ref)]
		}
		out.Parameters = append(out.Parameters, docsRow{p.Name, p.Required, p.Schema.form(), p.Schema.link(), p.Description})
	}
	if o.RequestBody != nil {
		out.Body = contentRows("", o.RequestBody)
	}
	for _, status := range sortedKeys(o.Responses) {
		r := o.Responses[status]
		if r.Ref != "" {
			r = d.Components.Responses[lastOf(r.Ref)]
		}
		out.Answers = append(out.Answers, contentRows(status, &r)...)
	}
	return out
}

// contentRows are a line for each form of a body.
func contentRows(status string, r *response) (rows []docsRow) {
	for i, media := range sortedKeys(r.Content) {
		s := r.Content[media].Schema
		row := docsRow{Name: strings.TrimSpace(status + " " + media), Form: s.form(), Link: s.link(), Text: s.Description}
		if i == 0 {
			row.Text = strings.TrimSpace(r.Description + " " + s.Description)
		}
		rows = append(rows, row)
	}
	return rows
}

// form says in a few words what a value looks like.
func (s *schema) form() string {
	switch {
	case s.Ref != "":
		return lastOf(s.Ref)
	case s.Items != nil:
		return "array of " + s.Items.form()
	case len(s.OneOf) > 0:
		var forms []string
		for i := range s.OneOf {
			forms = append(forms, s.OneOf[i].form())
		}
		return strings.Join(forms, " or ")
	case len(s.Enum) > 0:
		var words []string
		for _, v := range s.Enum {
			words = append(words, jsonText(v))
		}
		return strings.Join(words, " | ")
	case s.Const != nil:
		return jsonText(s.Const)
	case len(s.Properties) > 0:
		return "object of " + strings.Join(sortedKeys(s.Properties), ", ")
	}
	form := ""
	switch t := s.Type.(type) {
	case string:
		form = t
	case []any:
		for i, v := range t {
			if i > 0 {
				form += " or "
			}
			form += v.(string)
		}
	}
	if s.Pattern != "" {
		form += " " + s.Pattern
	}
	return form
}

// link is the type that a value is of, or holds; "" for none.
func (s *schema) link() string {
	switch {
	case s.Ref != "":
		return lastOf(s.Ref)
	case s.Items != nil:
		return s.Items.link()
	}
	for i := range s.OneOf {
		if l := s.OneOf[i].link(); l != "" {
			return l
		}
	}
	return ""
}

func lastOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func jsonText(v any) string {
	text, _ := json.Marshal(v) // it came from JSON
	return string(text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var docsTemplate = template.Must(template.New("docs").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>{{.Info.Title}}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 1em;color:#222}
code{font:13px ui-monospace,monospace;background:#f3f3f3;padding:.1em .3em;border-radius:3px}
table{border-collapse:collapse;width:100%;margin:.5em 0 1em}td,th{border-bottom:1px solid #ddd;padding:.3em .6em;text-align:left;vertical-align:top}
details{border:1px solid #ddd;border-radius:5px;margin:.4em 0;padding:.4em .8em}summary{cursor:pointer}
b.GET{color:#06c}b.POST{color:#070}b.PUT{color:#a50}h2{margin-top:2em}nav a{margin-right:1em}p.pre{white-space:pre-line}
</style></head><body>
<h1>{{.Info.Title}}</h1><p><b>{{.Info.Summary}}</b></p><p class="pre">{{.Info.Description}}</p>
<nav>{{range .Groups}}<a href="#{{.Name}}">{{.Name}}</a>{{end}}<a href="#types">Types</a><a href="/openapi.json">openapi.json</a></nav>
{{range .Groups}}<h2 id="{{.Name}}">{{.Name}}</h2><p>{{.Description}}</p>
{{range .Operations}}<details><summary><b class="{{.Method}}">{{.Method}}</b> <code>{{.Path}}</code> {{.Summary}}</summary>
{{with .Description}}<p>{{.}}</p>{{end}}
{{with .Parameters}}<h4>Parameters</h4>{{template "rows" .}}{{end}}
{{with .Body}}<h4>Body</h4>{{template "rows" .}}{{end}}
<h4>Answers</h4>{{template "rows" .Answers}}</details>
{{end}}{{end}}
<h2 id="types">Types</h2>
{{range .Types}}<h3 id="{{.Name}}">{{.Name}}</h3><p>{{.Description}}{{if not .Fields}} <code>{{.Form}}</code>{{end}}</p>{{with .Fields}}{{template "rows" .}}{{end}}
{{end}}</body></html>
{{define "rows"}}<table>{{range .}}<tr><td><code>{{.Name}}</code>{{if .Required}} *{{end}}</td><td>{{if .Link}}<a href="#{{.Link}}">{{.Form}}</a>{{else}}{{.Form}}{{end}}</td><td>{{.Text}}</td></tr>{{end}}</table>{{end}}
`))
