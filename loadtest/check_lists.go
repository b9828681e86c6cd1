package loadtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// checkOrders reads all open orders, then all open rechecks, and compares them.
func (c *Checker) checkOrders() error {
	client := newClient(c.Addr)
	defer client.close()
	compare := comparer{clock: &c.City.clock, at: c.At}
	for _, kind := range []string{"", "&kind=recheck"} {
		after := ""
		for {
			path := fmt.Sprintf("/v1/recollections?state=open&limit=%d%s", recollectionPage, kind)
			if after != "" {
				path += "&after=" + url.QueryEscape(after)
			}
			a, err := client.get(path)
			if err != nil {
				return fmt.Errorf("cannot read the re-collection orders: %w", err)
			}
			if a.status != 200 {
				return fmt.Errorf("cannot read the re-collection orders: got status %d (%s); want 200", a.status, errorCode(a.body))
			}
			for line := range bytes.Lines(a.body) {
				c.checkOrder(line, &compare)
			}
			if a.nextAfter == "" || a.nextAfter == after {
				break
			}
			after = a.nextAfter
		}
	}
	for key, e := range c.orders {
		c.differ("%s: /v1/recollections has no open order of kind %s", c.City.describe(key.who), e.kind)
	}
	return nil
}

func (c *Checker) checkOrder(line []byte, compare *comparer) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	var order struct {
		Person, Kind, State string
		Due                 string `json:"due_at"`
	}
	if err := json.Unmarshal(line, &order); err != nil {
		c.differ("cannot read an order: got %d bytes that are not JSON", len(line))
		return
	}
	who, ok := parseIdentity([]byte(order.Person))
	if !ok {
		c.differ("cannot read an order: got no person of the city")
		return
	}
	key := orderKey{who, order.Kind == "recheck"}
	e, expected := c.orders[key]
	if !expected {
		c.differ("%s: /v1/recollections has an open order of kind %s that should not be (or twice)", c.City.describe(who), order.Kind)
		return
	}
	delete(c.orders, key)
	c.Orders.Add(1)
	w := wireOrder{[]byte(order.Kind), []byte(order.State), []byte(order.Due)}
	if why := compare.compareErrand("/v1/recollections", &w, &e); why != "" {
		c.differ("%s: %s", c.City.describe(who), why)
	}
}

// checkCoverage compares every area of every round, and the whole rounds.
func (c *Checker) checkCoverage() error {
	if !c.City.mastered() {
		return nil
	}
	client := newClient(c.Addr)
	defer client.close()
	totals := c.coverage.totals()
	for r := defaultRound; r < roundIDs; r++ {
		if _, named := totals[place{r, 0}]; !named && !c.City.rounds[r].put {
			continue // a server may never have heard of it
		}
		path := "/v1/rounds/" + url.PathEscape(c.City.rounds[r].name) + "/coverage"
		seen := map[area]bool{}
		read := func(query string) error {
			return c.readCoverage(client, path+query, r, totals, seen)
		}
		err := read("")
		for _, query := range []string{"?by=area", "?area=" + cityArea.String()} {
			if err == nil {
				err = read(query)
			}
		}
		c.City.eachArea(func(a area) {
			if err == nil && (a < 1e13 || a < 1e15 && a%1000 == closedCommunity) { // it has areas below it
				err = read("?by=area&area=" + a.String())
			}
		})
		if err != nil {
			return err
		}
		for p := range totals {
			if p.round == r && !seen[p.area] {
				c.differ("round %s: coverage of area %d: got none; want %s", c.City.rounds[r].name, p.area, totals.of(p))
			}
		}
	}
	return nil
}

// readCoverage compares the lines of one answer, and notes whose areas they are.
func (c *Checker) readCoverage(client *client, path string, r roundID, totals coverage, seen map[area]bool) error {
	a, err := client.get(path)
	if err != nil {
		return fmt.Errorf("cannot read the coverage: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("cannot read %s: got status %d (%s); want 200", path, a.status, errorCode(a.body))
	}
	for line := range bytes.Lines(a.body) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var object map[string]any
		if err := json.Unmarshal(line, &object); err != nil {
			c.differ("cannot read coverage: got %d bytes that are not JSON", len(line))
			continue
		}
		where := area(0) // the whole round, or people without an area
		if text, ok := object["area"].(string); ok && text != "" {
			if where, ok = parseArea(text); !ok {
				c.differ("round %s: coverage of an area that is not of the city", c.City.rounds[r].name)
				continue
			}
		}
		c.Places.Add(1)
		if object["own"] == true { // the people of the area itself
			c.compareCoverage(r, where, object, c.coverage.of(place{r, where}))
			continue
		}
		seen[where] = true
		c.compareCoverage(r, where, object, totals.of(place{r, where}))
	}
	return nil
}

func (c *Checker) compareCoverage(r roundID, at area, object map[string]any, want *counts) {
	var got counts
	for i, name := range countNames {
		n, ok := object[name].(float64)
		if !ok {
			c.differ("round %s, area %d: coverage has no %s", c.City.rounds[r].name, at, name)
			return
		}
		got[i] = int64(n)
	}
	switch {
	case got[countExpected] != got[countSampled]+got[countExcused]+got[countMissing]:
		c.differ("round %s, area %d: expected is not sampled + excused + missing: got %s", c.City.rounds[r].name, at, &got)
	case got != *want:
		c.differ("round %s, area %d: got %s; want %s", c.City.rounds[r].name, at, &got, want)
	}
}

// String lists the counts that are not zero.
func (c *counts) String() string {
	var parts []string
	for i, n := range c {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, countNames[i]))
		}
	}
	if parts == nil {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}
