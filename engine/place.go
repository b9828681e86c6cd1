package engine

// Sites and laboratories.

// siteNode is where swabs are taken.
type siteNode struct {
	code  string
	name  string
	opens string // hours, shown only
	area  uint32
	lab   uint32 // where its tubes go
	kind  uint8  // siteKinds
	put   bool
}

// labNode is a laboratory.
type labNode struct {
	code string
	name string
	cdc  bool
	put  bool
}

var (
	siteKinds = []string{"fixed", "standby", "gate", "mobile"}
	labKinds  = []string{"lab", "cdc"}
)

// site is the number of a site, which is provisional from its first mention; 0 when it
// is not said or there is no room.
func (m *master) site(code []byte) uint32 {
	if len(code) == 0 {
		return 0
	}
	if n, ok := m.siteIndex.find(code); ok {
		return n
	}
	if len(m.sites) >= m.limits.sites || m.provisionalSites >= m.limits.provisionalSites {
		return 0
	}
	return m.addSite(string(code))
}

func (m *master) addSite(code string) uint32 {
	n := uint32(len(m.sites))
	m.sites = append(m.sites, siteNode{code: code})
	m.siteIndex.own[code] = n
	m.provisionalSites++
	m.hash += m.siteHash(n)
	return n
}

func (m *master) setSite(n uint32, next siteNode) {
	m.hash -= m.siteHash(n)
	if next.put && !m.sites[n].put {
		m.provisionalSites--
	}
	m.sites[n] = next
	m.hash += m.siteHash(n)
}

func (m *master) siteNumber(code []byte) (uint32, bool) {
	return m.siteIndex.find(code)
}

func (m *master) siteName(n uint32) string { return m.sites[n].code }
func (m *master) siteArea(n uint32) uint32 { return m.sites[n].area }

// siteKnown tells whether a site was put, not only mentioned.
func (m *master) siteKnown(code []byte) bool {
	n, ok := m.siteIndex.find(code)
	return ok && m.sites[n].put
}

func (m *master) siteHash(n uint32) uint64 {
	s := &m.sites[n]
	h := mix(uint64(s.area)<<32 | uint64(s.lab))
	h = mixText(mixText(mixText(h, s.code), s.name), s.opens)
	return mix(uint64(n)*mixB ^ h ^ uint64(s.kind)<<1 ^ bit(s.put))
}

// planSite reads an item of PUT sites.
func (m *master) planSite(b *Batch, k int) (p masterPlan) {
	var n uint32
	var known bool
	var next siteNode
	var area, lab []byte
	saysArea, saysLab := false, false
	start := func(key []byte) {
		if n, known = m.siteNumber(key); known {
			next = m.sites[n]
		}
		next.code = string(key)
	}
	read := func(f Field, v []byte) (ok bool) {
		ok = true
		switch f {
		case FieldName:
			next.name, ok = string(v), len(v) <= maxTitleBytes
		case FieldOpens:
			next.opens, ok = string(v), len(v) <= maxTitleBytes
		case FieldArea:
			area, saysArea = v, true
		case FieldLab:
			lab, saysLab = v, true
		case FieldKind:
			kind, found := wordOf(siteKinds, v)
			next.kind, ok = uint8(kind), found || len(v) == 0
		default:
			ok = false
		}
		return ok
	}
	if p = m.readItem(b, k, start, read); p.outcome.Refused() {
		return p
	}
	if !known && len(m.sites) >= m.limits.sites {
		return refused(FieldKey)
	}
	areaKnown, labFound := true, true
	if saysArea {
		if next.area, areaKnown = m.findArea(area); !areaKnown && !m.areaRoom(1) {
			return refused(FieldArea)
		}
	}
	if saysLab {
		if next.lab, labFound = m.labNumber(lab); !labFound && !m.labRoom() {
			return refused(FieldLab)
		}
	}
	next.put = true
	if known && areaKnown && labFound && next == m.sites[n] {
		p.outcome = Duplicate
		return p
	}
	areaCode, labCode := string(area), string(lab)
	p.few = func() uint32 {
		if !areaKnown {
			next.area = m.addArea(areaCode)
		}
		if !labFound {
			next.lab = m.addLab(labCode)
		}
		if !known {
			n = m.addSite(next.code)
		}
		m.setSite(n, next)
		return n
	}
	return p
}

// noLab stands for every laboratory that has no number and for which there is no room. No
// laboratory has it: the last number is MaxLabs - 1.
const noLab = MaxLabs

// lab is the number of a laboratory, which is provisional from its first mention; noLab
// when there is no room. Unlike a site it cannot count as not said: what two laboratories
// say of a tube must never be taken for what one says.
func (m *master) lab(code []byte) uint32 {
	n, ok := m.labNumber(code)
	switch {
	case ok:
		return n
	case !m.labRoom():
		return noLab
	}
	return m.addLab(string(code))
}

// labRoom tells whether one more laboratory may be mentioned.
func (m *master) labRoom() bool {
	return len(m.labs) < m.limits.labs && m.provisionalLabs < m.limits.provisionalLabs
}

func (m *master) addLab(code string) uint32 {
	n := uint32(len(m.labs))
	m.labs = append(m.labs, labNode{code: code})
	m.labIndex.own[code] = n
	m.provisionalLabs++
	m.hash += m.labHash(n)
	return n
}

func (m *master) setLab(n uint32, next labNode) {
	m.hash -= m.labHash(n)
	if next.put && !m.labs[n].put {
		m.provisionalLabs--
	}
	m.labs[n] = next
	m.hash += m.labHash(n)
}

func (m *master) labNumber(code []byte) (uint32, bool) {
	if len(code) == 0 {
		return 0, true
	}
	return m.labIndex.find(code)
}

func (m *master) labName(n uint32) string { return m.labs[n].code }

// isCDC tells whether a laboratory is of the centre for disease control.
func (m *master) isCDC(lab uint32) bool { return lab != noLab && m.labs[lab].cdc }

// labKnown tells whether a laboratory was put, not only mentioned.
func (m *master) labKnown(code []byte) bool {
	n, ok := m.labIndex.find(code)
	return ok && m.labs[n].put
}

func (m *master) labHash(n uint32) uint64 {
	l := &m.labs[n]
	return mix(uint64(n)*mixA ^ mixText(mixText(bit(l.cdc)<<1|bit(l.put), l.code), l.name) ^ mixB)
}

// planLab reads an item of PUT labs.
func (m *master) planLab(b *Batch, k int) (p masterPlan) {
	var n uint32
	var known bool
	var next labNode
	start := func(key []byte) {
		if n, known = m.labNumber(key); known {
			next = m.labs[n]
		}
		next.code = string(key)
	}
	read := func(f Field, v []byte) (ok bool) {
		ok = true
		switch f {
		case FieldName:
			next.name, ok = string(v), len(v) <= maxTitleBytes
		case FieldKind:
			kind, found := wordOf(labKinds, v)
			next.cdc, ok = kind == 1, found || len(v) == 0
		default:
			ok = false
		}
		return ok
	}
	if p = m.readItem(b, k, start, read); p.outcome.Refused() {
		return p
	}
	if !known && len(m.labs) >= m.limits.labs {
		return refused(FieldKey)
	}
	next.put = true
	if known && next == m.labs[n] {
		p.outcome = Duplicate
		return p
	}
	p.few = func() uint32 {
		if !known {
			n = m.addLab(next.code)
		}
		m.setLab(n, next)
		return n
	}
	return p
}
