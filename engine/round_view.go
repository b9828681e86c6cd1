package engine

import "slices"

// RoundView is a round's policy, by one version.
type RoundView struct {
	Round         string
	Name          string
	Provisional   bool // events mention it, nobody put it: the policy is that of `default`
	Version       int  // from 1, in the order of force; 0 while provisional
	Versions      int
	EffectiveAt   Seconds // 0: for ever
	OpensAt       Seconds // 0: not said
	ClosesAt      Seconds // 0: never
	Areas         []string
	Window        Seconds
	ReportedBasis bool
	Caps          [4]int // by Risk; 0: a household
	SingleGroups  []string
	Vaccinated    VaccinatedRule
	ToLab         Seconds
	ToResult      Seconds
	Recollect     Seconds
	SameSpecimen  bool // recheck
	ReleaseAll    bool // release
}

// roundView is a round by the version in force at a time.
func (m *master) roundView(r RoundID, at Seconds) RoundView {
	node := &m.rounds[r]
	id := m.inForce(r, at)
	p := &m.policies[id]
	v := RoundView{Round: node.code, Name: node.title, Provisional: len(node.versions) == 0,
		Version: slices.Index(node.versions, id) + 1, Versions: len(node.versions),
		Window: p.window, ReportedBasis: p.reported, Vaccinated: p.vaccinated, ToLab: p.toLab, ToResult: p.toResult, Recollect: p.recollect,
		SameSpecimen: p.sameSpecimen, ReleaseAll: p.releaseAll}
	for risk, c := range p.caps {
		if c != capHousehold {
			v.Caps[risk] = int(c)
		}
	}
	if v.Provisional {
		return v
	}
	v.EffectiveAt, v.OpensAt = p.effective, p.opens
	if p.closes != neverCloses {
		v.ClosesAt = p.closes
	}
	for _, a := range p.areas {
		v.Areas = append(v.Areas, m.areas[a].code)
	}
	for _, g := range p.groups {
		v.SingleGroups = append(v.SingleGroups, m.groups.list[g])
	}
	slices.Sort(v.Areas)
	slices.Sort(v.SingleGroups)
	return v
}

// AreaView is an area as master data knows it.
type AreaView struct {
	Area, Name, Parent string
	Risk               Risk // its own, or that of the nearest above
	OwnRisk            bool
	Provisional        bool
}

func (m *master) areaView(n uint32) AreaView {
	a := &m.areas[n]
	return AreaView{Area: a.code, Name: a.name, Parent: m.areas[a.parent].code, Risk: m.risk(n), OwnRisk: a.risk != 0, Provisional: !a.put}
}

// SiteView is a site as master data knows it.
type SiteView struct {
	Site, Name, Area, Kind, Lab, Opens string
	Provisional                        bool
}

func (m *master) siteView(n uint32) SiteView {
	s := &m.sites[n]
	return SiteView{Site: s.code, Name: s.name, Area: m.areas[s.area].code, Kind: siteKinds[s.kind], Lab: m.labs[s.lab].code, Opens: s.opens,
		Provisional: !s.put}
}

// LabView is a laboratory as master data knows it.
type LabView struct {
	Lab, Name   string
	CDC         bool
	Provisional bool
}

func (m *master) labView(n uint32) LabView {
	l := &m.labs[n]
	return LabView{Lab: l.code, Name: l.name, CDC: l.cdc, Provisional: !l.put}
}

// RosterView is a person as master data knows him.
type RosterView struct {
	Area        string // rostered, else the newest that a scan named
	Circle      int
	Groups      []string
	HomeVisit   bool
	Vaccinated  Seconds
	Provisional bool // no roster ever named him
}

func (m *master) rosterView(who PersonOrdinal) RosterView {
	v := RosterView{Area: m.areas[m.areaOf(who)].code, Circle: m.circle(who), HomeVisit: m.homeVisit(who),
		Vaccinated: m.vaccinatedAt(who), Provisional: !m.rostered(who)}
	for _, g := range m.groupsOf(who) {
		v.Groups = append(v.Groups, m.groups.list[g])
	}
	slices.Sort(v.Groups)
	return v
}
