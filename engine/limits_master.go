package engine

// Limits of master data. A put past a limit is refused (field_invalid, the field that
// has no room); an event is not: what it mentions past a limit counts as not said.
// Two cannot count so: an excuse needs its round (field_invalid), and what is said of a tube
// in the name of a laboratory needs its number (lab_unknown): these items are refused.
const (
	// MaxAreas: a mega-city has 600,000 grids, a country 5 million. An area takes 150 bytes
	// and has 24 bits in a person's attributes.
	MaxAreas = 2_000_000
	// maxProvisionalAreas: areas that events mention, and nobody put, all stand side by side
	// in one ordered list, and keeping that takes longer the longer it is.
	maxProvisionalAreas = 1 << 18
	// maxProvisionalSites and maxProvisionalLabs: names that events invent must not take the
	// place of those to be put.
	maxProvisionalSites = MaxSites / 2
	maxProvisionalLabs  = MaxLabs / 2
	// maxAreaDepth: from a country down to a door are 10 levels. Every question of the kind
	// "is this area within that one" goes up them.
	maxAreaDepth = 64
	// MaxRounds: one a day for half a year. Coverage keeps a bit a person for each.
	MaxRounds = 200
	// maxProvisionalRounds: a misspelt round must not take the place of one to be put.
	maxProvisionalRounds = MaxRounds / 2
	// MaxPolicies is versions of all rounds together: forty a round, and 13 bits.
	MaxPolicies = 8191
	// maxRoundAreas and maxRoundGroups bound what one version names: scans look through them.
	maxRoundAreas  = 1_000
	maxRoundGroups = 16
	// maxGroups and maxGroupSets: plans know 40 key groups; people belong to one or two. A
	// set has 16 bits in a person's attributes.
	maxGroups    = 4096
	maxGroupSets = 1<<16 - 1
	// maxTitleBytes bounds names and opening hours, which are only shown.
	maxTitleBytes = 256
	// maxDuration: longer than any rule, and added to a time in this field it is still one.
	maxDuration Seconds = 366 * 24 * 3600
)

// colLeafMovers stands away from the columns of rounds, which need room to follow each other.
const colLeafMovers uint8 = 250

const _ = colLeafMovers - 1 - (colRounds + MaxRounds)
const _ = uint(attrAreaMask - MaxAreas)
const _ = uint(MaxPolicies - MaxRounds)

// masterLimits are those above; tests have smaller ones.
type masterLimits struct {
	areas, provisionalAreas, sites, provisionalSites, labs, provisionalLabs, rounds, provisionalRounds, policies, groups, groupSets int
}

func fullLimits() masterLimits {
	return masterLimits{areas: MaxAreas, provisionalAreas: maxProvisionalAreas, sites: MaxSites, provisionalSites: maxProvisionalSites,
		labs: MaxLabs, provisionalLabs: maxProvisionalLabs, rounds: MaxRounds, provisionalRounds: maxProvisionalRounds, policies: MaxPolicies, groups: maxGroups, groupSets: maxGroupSets}
}
