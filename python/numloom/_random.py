provided = {}
