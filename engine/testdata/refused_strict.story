# Strict master data refuses people, sites and labs that were never put; else they are provisional, and no reason to lose an event.
# Proves: refusal/strict
scan T100 ada 08:01 site S1
accepted
strict scan T200 ben 08:01
refused person_unknown
roster ben area 9901
strict scan T200 ben 08:01 site S1
refused site_unknown
site S1 area 9901
strict scan T200 ben 08:01 site S1
accepted
strict result T200 negative tested 12:00 reported 13:00 lab L7
refused lab_unknown
lab L7 is lab
strict result T200 negative tested 12:00 reported 13:00 lab L7
accepted
