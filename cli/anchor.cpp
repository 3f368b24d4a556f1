namespace actord {}
