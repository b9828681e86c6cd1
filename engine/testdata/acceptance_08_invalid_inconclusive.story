# Acceptance 8: an invalid pool is no positive pool: re-collect, no isolation colour, the deadline goes on; an inconclusive pool holds.
# Proves: acceptance/8
any order
scan T100 ada 08:01
result T100 invalid tested 12:00 reported 13:00
scan T200 ben 08:01
result T200 inconclusive tested 12:00 reported 13:00
ada must_resample because T100
order ada any due 19:00
ben held because T200
order ben due 19:00
