# discharge needs the role cdc, person.merge and person.unmerge command or cdc.
# Proves: refusal/not_permitted
discharge ada 18:00 by command
refused not_permitted
discharge ada 18:00 by cdc
accepted
discharge ada 18:00 by station
duplicate
merge ada into eva 12:00 by station
refused not_permitted
ada stands alone
merge ada into eva 12:00 by command
accepted
unmerge ada from eva 12:00 by station
refused not_permitted
