package engine

import (
	"errors"
	"fmt"
	"slices"
)

// masterScalars is what master data has beside its columns, for a snapshot. Areas are in
// columns here too: a city has a hundred thousand.
type masterScalars struct {
	AreaCodes, AreaNames                []string
	AreaParents, AreaFirsts, AreaMovers []uint32
	AreaRisks                           []byte // Risk + 1, 0 not said; 0x80: put
	Sites                               []siteScalars
	Labs                                []labScalars
	Rounds                              []roundScalars
	Policies                            []policyScalars
	Groups, Sets                        []string
	Movers, Listed                      uint32
	Hash                                uint64
}

type siteScalars struct {
	Code, Name, Opens string
	Area, Lab         uint32
	Kind              uint8
	Put               bool
}

type labScalars struct {
	Code, Name string
	CDC, Put   bool
}

type roundScalars struct{ Code, Title string }

type policyScalars struct {
	Round                              RoundID
	Put                                bool
	Of                                 policyID
	Effective, Opens, Closes           Seconds
	Window, ToLab, ToResult, Recollect Seconds
	Reported, SameSpecimen, ReleaseAll bool
	Vaccinated                         VaccinatedRule
	Caps                               [4]uint8
	Areas                              []uint32
	Groups                             []uint16
}

const areaIsPut = 0x80

// scalars are a copy: the master may change while it is encoded.
func (m *master) scalars() masterScalars {
	s := masterScalars{Groups: slices.Clone(m.groups.list[1:]), Movers: m.moverCount, Listed: m.listed, Hash: m.hash}
	for i := range m.areas {
		a := &m.areas[i]
		risk := a.risk
		if a.put {
			risk |= areaIsPut
		}
		s.AreaCodes, s.AreaNames = append(s.AreaCodes, a.code), append(s.AreaNames, a.name)
		s.AreaParents, s.AreaFirsts, s.AreaMovers = append(s.AreaParents, a.parent), append(s.AreaFirsts, a.first), append(s.AreaMovers, a.movers)
		s.AreaRisks = append(s.AreaRisks, risk)
	}
	for _, x := range m.sites[1:] {
		s.Sites = append(s.Sites, siteScalars{x.code, x.name, x.opens, x.area, x.lab, x.kind, x.put})
	}
	for _, x := range m.labs[1:] {
		s.Labs = append(s.Labs, labScalars{x.code, x.name, x.cdc, x.put})
	}
	for _, x := range m.rounds[1:] {
		s.Rounds = append(s.Rounds, roundScalars{x.code, x.title})
	}
	for i := range m.policies[1:] {
		p := &m.policies[1+i]
		s.Policies = append(s.Policies, policyScalars{Round: p.round, Put: p.put, Of: p.of, Effective: p.effective, Opens: p.opens, Closes: p.closes,
			Window: p.window, ToLab: p.toLab, ToResult: p.toResult, Recollect: p.recollect,
			Reported: p.reported, SameSpecimen: p.sameSpecimen, ReleaseAll: p.releaseAll, Vaccinated: p.vaccinated,
			Caps: p.caps, Areas: p.areas, Groups: p.groups})
	}
	for i := range m.sets[1:] {
		s.Sets = append(s.Sets, m.sets[1+i].words)
	}
	return s
}

var errMasterScalars = errors.New("master data of the snapshot is malformed")

// load fills a new master from scalars; the columns' pages follow.
func (m *master) load(s masterScalars) error {
	n := len(s.AreaCodes)
	if n == 0 || len(s.AreaNames) != n || len(s.AreaParents) != n || len(s.AreaFirsts) != n || len(s.AreaMovers) != n || len(s.AreaRisks) != n {
		return fmt.Errorf("cannot load %d areas: %w", n, errMasterScalars)
	}
	if len(s.Rounds) == 0 || s.Rounds[0].Code != "default" || len(s.Policies) == 0 || s.Policies[0].Round != RoundDefault {
		return fmt.Errorf("cannot load %d rounds, %d policies: %w", len(s.Rounds), len(s.Policies), errMasterScalars)
	}
	if err := m.loadAreas(&s); err != nil {
		return err
	}
	for _, w := range s.Groups {
		m.groups.of([]byte(w))
	}
	for _, w := range s.Sets {
		m.addSet([]byte(w))
	}
	for _, x := range s.Labs {
		m.setLab(m.addLab(x.Code), labNode{code: x.Code, name: x.Name, cdc: x.CDC, put: x.Put})
	}
	for i, x := range s.Sites {
		if int(x.Area) >= n || int(x.Lab) >= len(m.labs) {
			return fmt.Errorf("cannot load site %d: got area %d, lab %d: %w", i+1, x.Area, x.Lab, errMasterScalars)
		}
		m.setSite(m.addSite(x.Code), siteNode{code: x.Code, name: x.Name, opens: x.Opens, area: x.Area, lab: x.Lab, kind: x.Kind, put: x.Put})
	}
	if err := m.loadRounds(&s); err != nil {
		return err
	}
	m.moverCount, m.listed, m.hash = s.Movers, s.Listed, s.Hash
	m.retime()
	return nil
}

func (m *master) loadAreas(s *masterScalars) error {
	for i, code := range s.AreaCodes {
		if int(s.AreaParents[i]) >= len(s.AreaCodes) {
			return fmt.Errorf("cannot load area %d: got parent %d: %w", i, s.AreaParents[i], errMasterScalars)
		}
		if i > 0 {
			m.areas = append(m.areas, areaNode{})
			m.areaIndex.own[code] = uint32(i)
		}
		a := &m.areas[i]
		*a = areaNode{code: code, name: s.AreaNames[i], parent: s.AreaParents[i], risk: s.AreaRisks[i] &^ areaIsPut,
			put: s.AreaRisks[i]&areaIsPut != 0, first: s.AreaFirsts[i], movers: s.AreaMovers[i]}
		if i > 0 && !a.put {
			m.provisionalAreas++
		}
	}
	m.settled = make([]settled, len(m.areas))
	for i := range m.areas[1:] {
		a := &m.areas[m.areas[1+i].parent]
		a.children = append(a.children, uint32(1+i))
	}
	for i := range m.areas {
		slices.SortFunc(m.areas[i].children, func(x, y uint32) int { return m.compareCode(x, m.areas[y].code) })
	}
	return nil
}

func (m *master) loadRounds(s *masterScalars) error {
	for _, x := range s.Rounds {
		r, known := m.roundIndex.at(x.Code) // `default` is
		if !known {
			r = m.addRound(x.Code)
		}
		m.rounds[r].title = x.Title
	}
	m.policies, m.putRounds = m.policies[:1], nil
	for r := range m.rounds {
		m.rounds[r].versions, m.rounds[r].copies = nil, nil
	}
	m.provisionalRounds = len(m.rounds) - 1
	for i, x := range s.Policies {
		if x.Round == 0 || int(x.Round) >= len(m.rounds) {
			return fmt.Errorf("cannot load policy %d: got round %d: %w", i+1, x.Round, errMasterScalars)
		}
		m.addPolicy(policy{round: x.Round, put: x.Put, of: x.Of, effective: x.Effective, areas: x.Areas, groups: x.Groups,
			terms: terms{opens: x.Opens, closes: x.Closes, window: x.Window, toLab: x.ToLab, toResult: x.ToResult, recollect: x.Recollect,
				reported: x.Reported, sameSpecimen: x.SameSpecimen, releaseAll: x.ReleaseAll, vaccinated: x.Vaccinated, caps: x.Caps}})
	}
	return nil
}
