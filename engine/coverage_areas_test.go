package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Ensures that areas of one batch, new ones and ones that move with the people in them,
// between them rosters and scans that are counted by them, leave every count and list as
// the book has them: open rounds, closed ones, people of several identities.
func TestCoverManyMovesInABatch(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 9))
		c := newCoverTown(t)
		for _, a := range [][2]string{{"d1"}, {"d2"}, {"c11", "d1"}, {"c21", "d2"}} {
			c.area(a[0], a[1])
		}
		c.round("r1", 0, "d1")
		c.round("r2", coverStart+50, "d1", "c21")
		c.round("r3", 0)
		known := []string{"d1", "d2", "c11", "c21"}
		for part := range 6 {
			c.clock += Seconds(10 + rng.IntN(10))
			b := &Batch{Roles: RoleAll, Contexts: make([]Context, 1)}
			for k := range 5 + rng.IntN(30) {
				switch rng.IntN(6) {
				case 0: // somebody comes, or goes elsewhere
					i, area := rng.IntN(coverPeople), known[rng.IntN(len(known))]
					b.Add(KindRoster, 0, NoTube, coverRef(i), 0, 0, 0, b.Put(AppendField(nil, FieldArea, []byte(area))))
					if all := c.rosters[i]; len(all) == 0 || all[len(all)-1].area != area {
						c.rosters[i] = append(all, coverRoster{c.clock, area})
					}
				case 1: // a swab, which is counted in a round that may be stale
					i := rng.IntN(coverPeople)
					b.Add(KindScan, ItemLate, c.tube(b, fmt.Sprint("T", part, k)), coverRef(i), c.clock+Seconds(k), 0, 0, Span{})
				default:
					code := fmt.Sprint("c", part, rng.IntN(8))
					if rng.IntN(2) == 0 {
						code = known[2+rng.IntN(len(known)-2)]
					}
					parent := known[rng.IntN(len(known))]
					if rng.IntN(8) == 0 {
						parent = fmt.Sprint("p", part, k)
					}
					if parent == code || c.within(parent, code) {
						continue
					}
					b.Add(KindArea, 0, NoTube, 0, 0, 0, 0, b.Put(AppendField(AppendField(nil, FieldKey, []byte(code)), FieldParent, []byte(parent))))
					for _, a := range []string{code, parent} {
						if _, ok := c.parents[a]; !ok {
							c.parents[a] = ""
							known = append(known, a)
						}
					}
					c.parents[code] = parent
				}
			}
			c.apply(b)
			for k, o := range b.Outcome {
				if o.Refused() {
					t.Fatalf("seed %d: item %d is refused: %s", seed, k, o.Code())
				}
			}
			if part == 2 && c.find(1) != 0 && c.find(2) != 0 {
				c.person(KindMerge, 1, c.clock, uint64(coverRef(2)), "")
			}
			c.ensureCovered()
		}
		coverSnapshot(c)
	}
}

// Ensures that neither new areas nor moves that a round does not see count anybody again.
func TestNewAreasCountNobody(t *testing.T) {
	c := newCoverTown(t)
	for _, a := range []string{"d1", "d2", "d3"} {
		c.area(a, "")
	}
	c.round("r1", 0, "d1")
	c.area("c1", "d1")
	c.roster(1, "c1")
	c.scan(1, "T1", coverStart, "r1", "")
	stale := func(code, parent string) bool {
		b := masterItem(KindArea, c.clock, FieldKey, code, FieldParent, parent)
		b.PrepareAnswers()
		c.putMaster(b, 0, 0, 0)
		c.parents[code] = parent
		return c.coverage.isStale[2]
	}
	for _, x := range []struct {
		code, parent string
		want         bool
	}{{"n1", "d1", false}, {"n2", "d2", false}, {"n1", "d2", false}, {"n2", "d1", false}, {"d3", "n2", false}, {"c1", "d3", false}, {"c1", "d2", true}, {"d1", "d2", false}} {
		if got := stale(x.code, x.parent); got != x.want {
			t.Errorf("%s under %s: stale %v; want %v", x.code, x.parent, got, x.want)
		}
		c.catchUp()
		c.ensureCovered()
	}
}

// Ensures that a closed round forgets nobody whose area moves: another identity was in
// it when the round closed, came there from elsewhere, and left no trace in any list.
func TestCoverMovesWhereSomebodyWas(t *testing.T) {
	c := newCoverTown(t)
	for _, a := range [][2]string{{"d1"}, {"d2"}, {"c1", "d1"}, {"c2", "d2"}} {
		c.area(a[0], a[1])
	}
	c.round("r1", coverStart+50, "d1")
	c.roster(1, "c2")
	c.roster(2, "c2")
	c.roster(2, "c1")
	c.clock += 60
	c.roster(2, "c2")
	c.person(KindMerge, 2, c.clock, uint64(coverRef(1)), "")
	c.ensureCovered()
	c.area("c1", "d2")
	c.ensureCovered()
	c.area("c1", "d1")
	c.ensureCovered()
}
