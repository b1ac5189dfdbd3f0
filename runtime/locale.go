package runtime

import "rustysd/runtime/plan"

// Locale is the feature of images whose locale is only known when they boot,
// because no root was known when they were compiled, or because they have a
// kernel, whose command line may say another. Of the command line, of
// locale.conf(5) and of Debian's file, which stands for that where it is not
// there, the first counts that says anything.
func Locale(i *Init) {
	i.started = append(i.started, func(i *Init) {
		found := i.findLocale()
		if len(found) == 0 {
			return
		}
		for _, v := range i.plan.Environment {
			if !isLocale(v) {
				found = append(found, v)
			}
		}
		i.plan.Environment = found
	})
}

// findLocale are the variables of the locale.
func (i *Init) findLocale() (found []string) {
	if i.onCommandLine != nil {
		for _, key := range plan.LocaleKeys {
			if value := i.onCommandLine("locale." + key); value != "" {
				found = append(found, key+"="+value)
			}
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, file := range plan.LocaleFiles {
		if there(file) {
			return localeIn(smallFile(file))
		}
	}
	return nil
}

// localeIn are the variables of a file, of each the last that says anything.
func localeIn(text string) (found []string) {
	all := parseEnvFile(nil, text)
	for _, key := range plan.LocaleKeys {
		last := ""
		for _, v := range all {
			if sets(v, key) && len(v) > len(key)+1 {
				last = v
			}
		}
		if last != "" {
			found = append(found, last)
		}
	}
	return found
}

// isLocale says whether a variable is one of the locale's.
func isLocale(v string) bool {
	for _, key := range plan.LocaleKeys {
		if sets(v, key) {
			return true
		}
	}
	return false
}

// sets says whether an assignment is one to a variable.
func sets(v, name string) bool {
	return len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name
}
