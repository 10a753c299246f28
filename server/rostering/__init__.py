"""Who visits what and when: visits assigned to shoppers, own staff and firms. No database, no clock."""
