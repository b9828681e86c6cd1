# Acceptance 19: a member of a positive pool who is absent from the roster is reported, and does not stop the other members.
# Proves: acceptance/19
any order
round R1 areas 9901
roster ada area 9901
roster ben area 9901
late scan T100 ada 08:01
late scan T100 eva 08:02 area 9901
late scan T100 ben 08:03
result T100 positive tested 12:00 reported 13:00
ada held because T100
eva held because T100
ben held because T100
order eva due 19:00
coverage R1 9901 expected 3 unrostered 1 sampled 3 held 3
