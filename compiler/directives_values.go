package compiler

import "strings"

// valueType is a kind of value, with the directives that have it. Where a name
// has another type of value in one section, it is written as "Section.Name".
type valueType struct {
	// name is what the reference calls it.
	name string
	// takes and refuses are values, separated by "|", that show what belongs to
	// it: for the reference, and for the tests to hold the decoders to.
	takes, refuses string
	// keeps is set where an empty assignment resets nothing: what was set before
	// stays, as with systemd, which warns.
	keeps      bool
	directives string
}

// valueTypes says what the value of each directive is.
var valueTypes = [...]valueType{
	{"boolean", "yes|no|1|0|on|off|true|FALSE|y|n|T|F", "maybe|2|yes no|-1", true, `
		Accept AcceptFileDescriptors AllowIsolate BlockIOAccounting Broadcast CPUAccounting CPUSchedulingResetOnFork
		CacheDirectoryAccounting CoredumpReceive DefaultDependencies DeferReactivation DynamicUser FixedRandomDelay
		FlushPending ForceUnmount FreeBind GuessMainPID IOAccounting IPAccounting IgnoreOnIsolate IgnoreSIGPIPE KeepAlive
		LazyUnmount LockPersonality LogsDirectoryAccounting MakeDirectory MemoryAccounting MemoryDenyWriteExecute
		MemoryZSwapWriteback NoDelay NoNewPrivileges NonBlocking OnClockChange OnFailureIsolate OnTimezoneChange
		PassCredentials PassFileDescriptorsToExec PassPIDFD PassPacketInfo PassSecurity PermissionsStartOnly Persistent
		PrivateBPF PrivateDevices PrivateIPC PrivateNetwork ProtectClock ProtectKernelLogs ProtectKernelModules
		ProtectKernelTunables ReadWriteOnly RefuseManualStart RefuseManualStop RemainAfterElapse RemainAfterExit RemoveIPC
		RemoveOnStop RestrictRealtime RestrictSUIDSGID ReusePort RootDirectoryStartOnly RootEphemeral SELinuxContextFromNet
		SendSIGHUP SendSIGKILL SloppyOptions StateDirectoryAccounting StopWhenUnneeded SurviveFinalKillSignal
		SyslogLevelPrefix TTYReset TTYVHangup TTYVTDisallocate TasksAccounting Transparent WakeSystem Writable`},
	{"boolean, or unset", "yes|no|0|on", "maybe|2", false, `
		BindLogSockets MemoryKSM MountAPIVFS PrivateMounts SetLoginEnvironment`},
	{"no, yes or disconnected", "yes|no", "maybe", true, "PrivateTmp"},
	{"no, yes, private or strict", "yes|no", "maybe", true, "ProtectControlGroups"},
	{"no, yes, self, identity or full", "yes|no", "maybe", true, "PrivateUsers"},
	{"no, yes, full or strict", "yes|no|full|strict", "maybe|Full", true, "ProtectSystem"},
	{"no, yes, read-only or tmpfs", "yes|no|read-only|tmpfs", "maybe|strict", true, "ProtectHome"},
	{"no, yes or private, with a host name after a colon", "yes|no", "maybe", true, "ProtectHostname"},
	{"no, yes or restart", "yes|no|restart|0", "maybe|always", true, "FileDescriptorStorePreserve RuntimeDirectoryPreserve"},
	{"no or yes", "", "maybe", true, "PrivatePIDs"},
	{"no, yes, or controllers", "yes|no|cpu memory|pids", "", false, "Delegate"},
	{"no, yes, or namespaces, with ~ those that are not meant", "yes|no|ipc net|~user|cgroup ipc net mnt pid user uts", "maybe|fs", false,
		"RestrictNamespaces DelegateNamespaces"},

	{"whole number, up to 4294967295", "0|7|0x10|010|4294967295", "-1|7.5|a|4294967296", true, `
		Backlog FileDescriptorStoreMax KeepAliveProbes LogRateLimitBurst MaxConnections MaxConnectionsPerSource
		PollLimitBurst RestartSteps StartLimitBurst TriggerLimitBurst`},
	{"whole number", "1|7", "a|7.5", true, "IPTTL Mark MessageQueueMaxMessages MessageQueueMessageSize Socket.Priority"},
	{"whole number, or unset", "80|24", "a|-1", false, "TTYColumns TTYRows"},
	{"number from -20 to 19", "-20|0|19", "20|-21|a", false, "Nice"},
	{"number from -1000 to 1000", "-1000|0|1000", "1001|a", false, "OOMScoreAdjust"},
	{"number from 0 to 255", "0|7|255", "256|-1|a", false, "FailureActionExitStatus SuccessActionExitStatus"},
	{"number from 0 to 7", "0|7", "8|-1|a", false, "IOSchedulingPriority"},
	{"number from 0 to 99", "1|50|99", "100|-1|a", true, "CPUSchedulingPriority"},
	{"number from -1 to 32767", "-1|0|100", "32768|-2|a", false, "Swap.Priority"},
	{"number from 1 to 10000", "1|100|10000", "0|10001|a", false, "IOWeight StartupIOWeight"},
	{"number from 1 to 10000, or idle", "1|100|10000|idle", "0|10001|a", false, "CPUWeight StartupCPUWeight"},
	{"number from 2 to 262144", "2|1024|262144", "1|262145|a", false, "CPUShares StartupCPUShares"},
	{"number from 10 to 1000", "10|500|1000", "9|1001|a", false, "BlockIOWeight StartupBlockIOWeight"},
	{"numbers and ranges", "0|0-3|0-1,3|0 2", "a|3-1-2|-", false, `
		AllowedCPUs AllowedMemoryNodes StartupAllowedCPUs StartupAllowedMemoryNodes`},
	{"numbers and ranges, or all", "0|0-3|0-1,3|all", "a|3-1-2", false, "NUMAMask"},
	{"numbers and ranges, or numa", "0|0-3|0-1,3|numa", "a|3-1-2", false, "CPUAffinity"},
	{"percentage", "0%|10%|12.5%|100%", "101%|a|7", false, "ManagedOOMMemoryPressureLimit"},
	{"percentage of one CPU", "20%|150%|12.5%", "0%|a|7|-1%", false, "CPUQuota"},

	{"time span", "5|5s|1min 30s|1.5h|500ms|infinity|0", "5 minuts|a|-5s|5,5s", true, `
		AccuracySec DeferAcceptSec DeferTriggerMaxSec KeepAliveIntervalSec KeepAliveTimeSec LogRateLimitIntervalSec
		MemoryPressureThresholdSec PollLimitIntervalSec RandomizedDelaySec RandomizedOffsetSec RestartMaxDelaySec RestartSec RuntimeMaxSec
		RuntimeRandomizedExtraSec Scope.TimeoutStopSec StartLimitInterval StartLimitIntervalSec TimeoutCleanSec
		TriggerLimitIntervalSec WatchdogSec`},
	{"time span, of which 0 is none", "5|1min 30s|0|infinity", "5 minuts|a|-5s", true, `
		JobRunningTimeoutSec JobTimeoutSec TimeoutIdleSec TimeoutSec TimeoutStartSec TimeoutStopSec`},
	{"time span, or unset", "5|1min 30s|infinity", "5 minuts|a|-5s", false, "CPUQuotaPeriodSec TimeoutAbortSec"},
	{"time span, at least 1s", "", "5 minuts|a|500ms", false, "ManagedOOMMemoryPressureDurationSec"},
	{"time span, bare numbers being nanoseconds", "50000|5us|1ms", "a|-5s", true, "TimerSlackNSec"},
	{"time span, several of which add up", "5|1min 30s|0", "5 minuts|a", false, `
		OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec`},
	{"calendar event", "daily|Mon..Fri 10:00|*-*-01 00:00:00|*:0/15", "dayly|25:00|2025-13-01", false, "OnCalendar"},

	{"size", "0|4096|64K|1.5G", "a|-1|5X", true, "PipeSize ReceiveBuffer SendBuffer"},
	{"size, percentage of the memory, or infinity", "64M|1.5G|10%|infinity", "a|-1|101%", false, `
		DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow MemoryHigh MemoryLimit MemoryLow MemoryMax MemoryMin MemorySwapMax
		MemoryZSwapMax StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax`},
	{"number of tasks, percentage, or infinity", "100|10%|infinity", "a|-1|0|101%", false, "TasksMax"},
	{"size or percentage of the file system", "", "a|-1", false, "CacheDirectoryQuota LogsDirectoryQuota StateDirectoryQuota"},
	{"limit of one number, or soft:hard", "100|infinity|50:100|50:infinity", "a|-1|100:50|5:", true, `
		LimitLOCKS LimitNOFILE LimitNPROC LimitRTPRIO LimitSIGPENDING`},
	{"limit of a size, or soft:hard", "100|64M|infinity|1M:2M", "a|-1|2M:1M|5:", true, `
		LimitAS LimitCORE LimitDATA LimitFSIZE LimitMEMLOCK LimitMSGQUEUE LimitRSS LimitSTACK`},
	{"limit of a time span, or soft:hard", "100|5min|infinity|1s:2s", "a|-1|2s:1s", true, "LimitCPU LimitRTTIME"},
	{"nice level with its sign, or a number from 1 to 40", "+5|-5|20", "a|41|+20|infinity", true, "LimitNICE"},
	{"access bits in octal", "0644|755|02755|7777", "8|888|+7|17777|a", true, `
		CacheDirectoryMode ConfigurationDirectoryMode DirectoryMode LogsDirectoryMode RuntimeDirectoryMode SocketMode
		StateDirectoryMode UMask`},
	{"signal", "SIGHUP|HUP|9|RTMIN+3|SIGRTMAX", "SIGFOO|0|a|99", true, `
		FinalKillSignal KillSignal ReloadSignal RestartKillSignal WatchdogSignal`},
	{"exit statuses and signals", "0 1 SIGTERM|TEMPFAIL 250|", "", false, "RestartForceExitStatus RestartPreventExitStatus SuccessExitStatus"},

	{"text", "x|a b|%n|50%%", "%z", false, `
		Description Options ExtraOptions Mount.Type PAMName SyslogIdentifier UtmpIdentifier RebootArgument
		JobTimeoutRebootArgument SmackLabel SmackLabelIPIn SmackLabelIPOut SmackProcessLabel SELinuxContext AppArmorProfile`},
	{"name of a congestion control algorithm", "cubic|bbr", "", false, "TCPCongestion"},
	{"source of a mount", "tmpfs|/dev/sda1", "%z", false, "Mount.What"},
	{"words that are ignored", "x", "", false, "BusPolicy Capabilities FsckPassNo IgnoreOnSnapshot NetClass SysVStartPriority TCPWrapName"},
	{"name of a unit", "x.service", "x y.service", true, "Unit"},
	{"names of units", "x.service|x.service y.socket|%p.service", "x|x.foo|/x.service", false, `
		After Also Alias Before BindTo BindsTo Conflicts JoinsNamespaceOf OnFailure OnSuccess PartOf PropagateReloadFrom
		PropagateReloadTo PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom RequiredBy Requires RequiresOverridable
		Requisite RequisiteOverridable StopPropagatedFrom UpheldBy Upholds WantedBy Wants`},
	{"name of an instance", "x|x-y|a@b|%p", "x y|50%%|\"x\"|x/y", false, "DefaultInstance"},
	{"name of a service", "x.service", "x.socket|x", true, "Service"},
	{"names of sockets", "x.socket|x.socket y.socket", "x.service|x", false, "Sockets"},
	{"name of a slice", "x.slice|x-y.slice|system.slice", "x.service|x", true, "Slice"},
	{"URLs", "https://example.org|man:foo(1) info:foo|file:/usr/share/doc/x", "example|ftp://x", false, "Documentation"},
	{"bus name", "org.example.Daemon|org.example.%p", "org|1org.x|org..x|org.x.", true, "BusName"},
	{"user or group, by name or number", "root|1000|www-data|_x.y", "a:b|a/b|-1|4294967295|0600|.", false, "Group SocketGroup SocketUser User"},
	{"groups, by name or number", "root|1000 adm|www-data", "a:b|a/b|-1|0600", false, "SupplementaryGroups"},

	{"absolute path", "/x|/x/y|/x/%n|//x", "x|x/y|./x", false, `
		IPCNamespacePath NetworkNamespacePath RootDirectory RootImage RootMStack RootVerity SourcePath TTYPath Where
		USBFunctionDescriptors USBFunctionStrings UserNamespacePath Swap.What`},
	{"absolute path, or one below /run", "/run/x.pid|x.pid|/var/run/x.pid", "/x/../y", false, "PIDFile"},
	{"absolute paths", "/x|/x /y|\"/x y\"", "x|./x", false, "RequiresMountsFor WantsMountsFor Symlinks"},
	{"absolute paths, with - and + before", "/x|/x -/y|+/x|-+/x|\"/x y\"", "x|-x|/x/../y", false, `
		ExecPaths ExtensionDirectories InaccessibleDirectories InaccessiblePaths NoExecPaths ReadOnlyDirectories ReadOnlyPaths
		ReadWriteDirectories ReadWritePaths`},
	{"absolute paths that are watched", "/x|/x/*", "x|./x", false, "PathChanged PathExists PathExistsGlob PathModified Path.DirectoryNotEmpty"},
	{"absolute paths of folders, separated by colons", "/x:/y|/x", "x|/x:y", false, "ExecSearchPath"},
	{"absolute path, or ~ for the user's home, with - before", "/x|~|-/x|-~", "x|~x|-", false, "WorkingDirectory"},
	{"absolute path, with - before", "/x|-/x|/x/*.env", "x|-x", false, "EnvironmentFile"},
	{"source[:destination[:rbind|norbind]]…", "/x|/x:/y|-/x:/y:norbind|/x /y", "x|/x:y|/x:/y:foo|/x:|/x::rbind", false, "BindPaths BindReadOnlyPaths"},
	{"path[:mount options]…", "/x|/x:ro,size=1M", "x", false, "TemporaryFileSystem"},
	{"relative paths, with :link after", "x|x/y z|x:y", "/x|../x|x/../y", false, "CacheDirectory LogsDirectory RuntimeDirectory StateDirectory"},
	{"relative paths", "x|x/y z", "/x|../x|x/../y", false, "ConfigurationDirectory"},
	{"path[:name[:read-only|append|truncate|graceful]]", "/x|/x/../y|/x:y:read-only|/x::append,graceful", "x|/x:y:foo", false, "OpenFile"},
	{"disk images", "", "", false, "ExtensionImages MountImages"},
	{"policies of disk images", "", "", false, "ExtensionImagePolicy MountImagePolicy RootImagePolicy"},
	{"[partition:]mount options…", "ro|root:ro home:rw", "", false, "RootImageOptions"},
	{"root hash, or a path to one", "", "", false, "RootHash RootHashSignature"},

	{"command lines", "/bin/true|-/bin/true x|@/bin/true argv0 x|/bin/true ; /bin/false|+/bin/true|!!/bin/true|true",
		"./x|/bin/|!+/bin/true", false, `
		ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost ExecStopPre`},
	{"assignments of variables", "A=b|A=b C=d|\"A=b c\"|A=", "A|1A=b|=b", false, "Environment"},
	{"names of variables", "A|A B", "1A|A=b", false, "PassEnvironment"},
	{"names of variables, or assignments", "A|A=b C", "1A", false, "UnsetEnvironment"},
	{"text of lines, with escapes", "x|a\\tb", "%z", false, "StandardInputText"},
	{"Base64", "aGVsbG8=", "!", false, "StandardInputData"},
	{"null, tty, tty-force, tty-fail, data, file:…, socket or fd:…", "null|tty|tty-force|tty-fail|data|socket|fd|fd:x|file:/x",
		"foo|file:x|journal", true, "StandardInput"},
	{"inherit, null, tty, journal, kmsg, …+console, file:…, append:…, truncate:…, socket or fd:…",
		"inherit|null|tty|journal|kmsg|journal+console|kmsg+console|file:/x|append:/x|truncate:/x|socket|fd:x", "foo|file:x|data", true,
		"StandardError StandardOutput"},
	{"id:text", "x:eHk=", "x|/x:eHk=", false, "SetCredential SetCredentialEncrypted"},
	{"id[:path]", "x:/y|x|x:y", "/x:/y", false, "LoadCredential LoadCredentialEncrypted"},
	{"id[:id], or a beginning of ids and *", "x|x*|*|x.y|x:y|x*:y.|x:", "x*y|x?|[x]|x/y|x:y/z|:x", false, "ImportCredential"},
	{"fields of the journal", "A=b|A=b C=d", "A|a=b", false, "LogExtraFields"},
	{"regular expression, with ~ those lines that are not logged", "", "~", false, "LogFilterPatterns"},
	{"name of a log namespace", "x|x-y", "x/y", false, "LogNamespace"},
	{"emerg, alert, crit, err, warning, notice, info, debug, or a number", "emerg|err|debug|0|7", "error|8|foo", true, "LogLevelMax SyslogLevel"},
	{"facility of syslog(3)", "daemon|auth|local0|kern", "foo|local9", true, "SyslogFacility"},

	{"capabilities, with ~ those that are not meant", "CAP_CHOWN|CAP_CHOWN CAP_KILL|~CAP_CHOWN|cap_chown", "", false,
		"AmbientCapabilities CapabilityBoundingSet"},
	{"bits of capabilities(7)", "keep-caps|keep-caps noroot|noroot-locked", "", false, "SecureBits"},
	{"system calls and groups of them, with ~ those that are not meant", "read write|@system-service|~@mount|@basic-io", "read:5:6", false,
		"SystemCallFilter SystemCallLog"},
	{"error of errno(3), or kill", "EPERM|5|kill", "EFOO|a|0", false, "SystemCallErrorNumber"},
	{"architectures of system calls", "native|x86-64 x86|arm64", "foo", false, "SystemCallArchitectures"},
	{"address families, with ~ those that are not meant", "AF_INET AF_INET6|AF_UNIX|~AF_PACKET|none", "AF_FOO|inet", false, "RestrictAddressFamilies"},
	{"file systems and groups of them, with ~ those that are not meant", "ext4 tmpfs|~proc|@basic-api", "@foo", false, "RestrictFileSystems"},
	{"interfaces, with ~ those that are not meant", "lo|lo eth0|~eth0", "eth0/x", false, "RestrictNetworkInterfaces"},
	{"name of an interface", "lo|eth0|*", "averyveryverylongname|a b|a/b", false, "BindToDevice"},
	{"kinds of memory, or their bits", "default|all|private-anonymous shared-file-backed|0x33|7", "foo", false, "CoredumpFilter"},
	{"controllers", "cpu|cpu memory", "foo", false, "DisableControllers"},
	{"name of a control group", "x", "a/b", false, "DelegateSubgroup"},
	{"device, and what is allowed of rwm", "/dev/null rw|/dev/null|char-pts rw|block-* r", "/dev/null x|null", false, "DeviceAllow"},
	{"device and number from 1 to 10000", "/dev/null 50|/ 100", "/dev/null|/dev/null 0|50", false, "IODeviceWeight"},
	{"device and number from 10 to 1000", "", "/dev/null|50", false, "BlockIODeviceWeight"},
	{"device and rate", "/dev/null 5M|/dev/null 50", "/dev/null|5M|/dev/null a", false, `
		BlockIOReadBandwidth BlockIOWriteBandwidth IOReadBandwidthMax IOReadIOPSMax IOWriteBandwidthMax IOWriteIOPSMax`},
	{"device and time span", "/dev/null 25ms", "/dev/null|25ms|/dev/null a", false, "IODeviceLatencyTargetSec"},
	{"networks", "10.0.0.0/8|::1/128 127.0.0.1|any|localhost link-local multicast", "10.0.0.0/33|foo", false, "IPAddressAllow IPAddressDeny"},
	{"[ipv4:|ipv6:][tcp:|udp:]port, port-port or any", "80|tcp:80|ipv4:tcp:80-90|ipv6|any|udp|0", "foo|90-80|65536", false, "SocketBindAllow SocketBindDeny"},
	{"pinned program", "/sys/fs/bpf/x", "x", false, "IPEgressFilterPath IPIngressFilterPath"},
	{"kind and pinned program", "connect4:/sys/fs/bpf/x|sock_create:/sys/fs/bpf/x", "x|foo:/sys/fs/bpf/x|connect4:x", false, "BPFProgram"},
	{"sets of nftables", "", "", false, "NFTSet"},
	{"commands, maps, programs or attachments of bpf(2)", "", "", false,
		"BPFDelegateAttachments BPFDelegateCommands BPFDelegateMaps BPFDelegatePrograms"},

	{"port, address:port, path, @name or vsock:…", "80|127.0.0.1:80|[::1]:80|/run/x|@x|vsock:2:80|vsock-stream:2:80", "foo|127.0.0.1|1.2.3.4:99999|99999|/", false,
		"ListenDatagram ListenStream"},
	{"path or @name", "/run/x|@x", "80|127.0.0.1:80|foo", false, "ListenSequentialPacket"},
	{"absolute path of what is opened", "/run/x|/dev/null", "x|./x", false, "ListenFIFO ListenSpecial ListenUSBFunction"},
	{"name of a message queue", "/x", "x", false, "ListenMessageQueue"},
	{"family and group", "audit 1|kobject-uevent 1|route", "foo 1|audit x", false, "ListenNetlink"},
	{"udplite, sctp or mptcp", "udplite|sctp", "tcp|foo", true, "SocketProtocol"},
	{"default, both or ipv6-only", "default|both|ipv6-only|yes|no", "foo", true, "BindIPv6Only"},
	{"off, us or ns", "off|us|ns|usec|no|yes", "foo", true, "Timestamping"},
	{"low-delay, throughput, reliability, low-cost, or a number", "low-delay|throughput|16", "foo|-1", false, "IPTOS"},
	{"name of descriptors", "x|x y", "a:b", false, "FileDescriptorName"},
	{"no, yes or patient", "", "maybe", true, "DeferTrigger"},

	{"simple, exec, forking, oneshot, dbus, notify, notify-reload or idle", "simple|exec|forking|oneshot|dbus|notify|idle", "foo|Simple", true, "Service.Type"},
	{"main or cgroup", "main|cgroup", "foo|all", true, "ExitType"},
	{"no, always, on-success, on-failure, on-abnormal, on-abort or on-watchdog", "no|always|on-success|on-failure|on-abnormal|on-abort|on-watchdog",
		"yes|foo", true, "Restart"},
	{"normal, direct or debug", "normal|direct", "foo", true, "RestartMode"},
	{"none, all, main or exec", "none|all|main|exec", "foo|yes", true, "NotifyAccess"},
	{"terminate, abort or kill", "terminate|abort|kill", "foo", true, "TimeoutStartFailureMode TimeoutStopFailureMode"},
	{"continue, stop or kill", "continue|stop|kill", "foo", true, "OOMPolicy"},
	{"control-group, mixed, process or none", "control-group|mixed|process", "foo|yes", false, "KillMode"},
	{"none, reboot, poweroff, exit, halt and the like", "none|reboot|reboot-force|poweroff-immediate|exit|exit-force", "foo|yes", true,
		"FailureAction JobTimeoutAction StartLimitAction SuccessAction"},
	{"replace, fail, isolate, flush and the like", "replace|fail|isolate|flush|ignore-dependencies|ignore-requirements|replace-irreversibly", "foo|yes", true,
		"OnFailureJobMode OnSuccessJobMode"},
	{"inactive or inactive-or-failed", "inactive|inactive-or-failed", "foo", true, "CollectMode"},
	{"inherit, private or shared", "inherit|private|shared", "foo", true, "KeyringMode"},
	{"shared, slave or private", "shared|slave|private", "foo", false, "MountFlags"},
	{"default, noaccess, invisible or ptraceable", "default|noaccess|invisible|ptraceable", "foo", true, "ProtectProc"},
	{"all or pid", "all|pid", "foo", true, "ProcSubset"},
	{"architecture of uname(2)", "x86|x86-64", "foo", false, "Personality"},
	{"inherit, and modes of transparent huge pages", "", "", true, "MemoryTHP"},
	{"none, realtime, best-effort or idle", "realtime|best-effort|idle|0|3", "foo|rt", false, "IOSchedulingClass"},
	{"other, batch, idle, fifo or rr", "other|batch|idle|fifo|rr", "foo", false, "CPUSchedulingPolicy"},
	{"default, preferred, bind, interleave or local", "default|preferred|bind|interleave|local", "foo", false, "NUMAPolicy"},
	{"auto, closed or strict", "auto|closed|strict", "foo|yes", true, "DevicePolicy"},
	{"auto, on, off or skip", "", "foo", false, "MemoryPressureWatch"},
	{"auto or kill", "auto|kill", "foo", false, "ManagedOOMMemoryPressure ManagedOOMSwap"},
	{"none, avoid or omit", "none|avoid|omit", "foo", true, "ManagedOOMPreference"},
	{"init, login or user", "init|login|user", "foo", true, "UtmpMode"},

	{"absolute path, with ! and \"|\" before", "/x|!/x", "x|!x", false, `
		ConditionDirectoryNotEmpty ConditionFileIsExecutable ConditionFileNotEmpty ConditionPathExists
		ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted ConditionPathIsMountPoint
		ConditionPathIsReadWrite ConditionPathIsSocket ConditionPathIsSymbolicLink`},
	{"text, with ! and \"|\" before", "x|!x", "%z", false, `
		ConditionCredential ConditionEnvironment ConditionGroup ConditionHost ConditionKernelCommandLine ConditionKernelModuleLoaded
		ConditionUser`},
	{"/etc or /var, with ! and \"|\" before", "/etc|/var|!/etc", "x", false, "ConditionNeedsUpdate"},
	{"condition", "", "%z", false, `
		ConditionACPower ConditionArchitecture ConditionCPUFeature ConditionCPUPressure ConditionCPUs ConditionCapability
		ConditionControlGroupController ConditionFirmware ConditionFirstBoot ConditionIOPressure ConditionKernelVersion ConditionMemory
		ConditionMemoryPressure ConditionOSRelease ConditionSecurity ConditionVersion ConditionVirtualization`},
}

// typeOf is the type of a directive's value. An assertion has its condition's.
func typeOf(section, name string) *valueType {
	if rest, ok := strings.CutPrefix(name, "Assert"); ok {
		name = "Condition" + rest
	}
	if v := valueNames[section+"."+name]; v != nil {
		return v
	}
	return valueNames[name]
}

// valueNames is valueTypes by directive, or by section and directive.
var valueNames = func() map[string]*valueType {
	m := map[string]*valueType{}
	for i := range valueTypes {
		for _, name := range strings.Fields(valueTypes[i].directives) {
			if m[name] != nil {
				panic("BUG: two types of value for " + name)
			}
			m[name] = &valueTypes[i]
		}
	}
	return m
}()
