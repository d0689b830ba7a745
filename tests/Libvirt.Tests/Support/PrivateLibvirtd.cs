using System.Diagnostics;
using System.Globalization;

namespace Kilonova.Libvirt.Tests.Support;

/// <summary>
/// A libvirtd of one test's own, in its own mount, network and PID namespace with private tmpfs where libvirt keeps state. A shell
/// is the namespace's first process and takes orders on its standard input; when this process ends, for whatever reason, that input
/// closes, the shell ends, and the kernel kills everything in the namespace. It is bash, because bash reaps orphans while it reads:
/// libvirtd waits for the end of each QEMU that it has killed.
/// </summary>
internal sealed class PrivateLibvirtd : IAsyncDisposable
{
    private const string Daemon = "/usr/sbin/libvirtd";

    private const string Script = """
        set -e
        for private in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
          mkdir -p $private; mount -t tmpfs tmpfs $private
        done
        mkdir -p /run/libvirt /etc/libvirt/qemu /var/lib/libvirt/qemu /var/lib/libvirt/images
        cp "$1/qemu.conf" /etc/libvirt/qemu.conf
        ip link set lo up
        set +e
        if [ "$2" = drivers ]; then virtlogd </dev/null >>"$1/log" 2>&1 & fi
        daemon=
        while read order; do
          case $order in
            start) rm -f "$1"/sock/*; libvirtd -f "$1/libvirtd.conf" -p "$1/pid" </dev/null >>"$1/log" 2>&1 & daemon=$!; echo "$daemon";;
            kill) kill -9 $daemon; wait $daemon 2>/dev/null; echo done;;
            freeze) kill -STOP $daemon; echo done;;
            thaw) kill -CONT $daemon; echo done;;
            qemu) pgrep -c qemu-system; ;;
          esac
        done
        """;

    private readonly string directory;
    private readonly Process shell;

    private PrivateLibvirtd(string directory, Process shell)
    {
        this.directory = directory;
        this.shell = shell;
    }

    /// <summary>A directory that daemon and test both see.</summary>
    internal string Directory => directory;

    /// <summary>The test driver behind the daemon: its state lives as long as a connection to it is open.</summary>
    internal string TestUri => $"test+unix:///default?socket={directory}/sock/libvirt-sock";

    /// <summary>QEMU behind the daemon.</summary>
    internal string QemuUri => $"qemu+unix:///system?socket={directory}/sock/libvirt-sock";

    /// <summary>What the daemon said.</summary>
    internal string Log => File.Exists($"{directory}/log") ? File.ReadAllText($"{directory}/log") : "";

    /// <param name="drivers">Whether the daemon loads its drivers; the test driver is built in, and it starts much faster without.</param>
    internal static async Task<PrivateLibvirtd> CreateAsync(bool drivers = false)
    {
        Requires.Libvirt();
        Requires.Program(Daemon, "libvirt-daemon");
        var directory = System.IO.Directory.CreateTempSubdirectory("kilonova-libvirtd-").FullName;
        System.IO.Directory.CreateDirectory($"{directory}/sock");
        System.IO.Directory.CreateDirectory($"{directory}/no-drivers");
        await File.WriteAllTextAsync($"{directory}/libvirtd.conf", $"""
            unix_sock_dir = "{directory}/sock"
            auth_unix_rw = "none"
            max_client_requests = 5
            """);
        await File.WriteAllTextAsync($"{directory}/qemu.conf", """
            user = "root"
            group = "root"
            security_driver = "none"
            cgroup_controllers = []
            namespaces = []
            remember_owner = 0
            """);
        var start = new ProcessStartInfo("unshare")
        {
            ArgumentList = { "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child", "bash", "-c", Script, "libvirtd", directory, drivers ? "drivers" : "" },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        if (!drivers)
            start.Environment["LIBVIRT_DRIVER_DIR"] = $"{directory}/no-drivers";
        var daemon = new PrivateLibvirtd(directory, Process.Start(start)!);
        try
        {
            await daemon.StartAsync();
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon; it listens a little later.</summary>
    internal Task<string> StartAsync() => OrderAsync("start");

    /// <summary>SIGKILL; guests go on.</summary>
    internal Task KillAsync() => OrderAsync("kill");

    /// <summary>The daemon keeps its sockets open and answers nothing.</summary>
    internal Task FreezeAsync() => OrderAsync("freeze");

    /// <summary>It goes on.</summary>
    internal Task ThawAsync() => OrderAsync("thaw");

    /// <summary>QEMU processes in the namespace.</summary>
    internal async Task<int> QemuProcessesAsync() => int.Parse(await OrderAsync("qemu"), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        try
        {
            shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // The shell has ended with an order unread.
        }

        await shell.WaitForExitAsync();
        shell.Dispose();
        System.IO.Directory.Delete(directory, recursive: true);
    }

    private async Task<string> OrderAsync(string order)
    {
        try
        {
            await shell.StandardInput.WriteLineAsync(order);
            await shell.StandardInput.FlushAsync();
            if (await shell.StandardOutput.ReadLineAsync() is { } answer)
                return answer;
        }
        catch (IOException)
        {
            // The shell has ended; what it said follows.
        }

        var error = await shell.StandardError.ReadToEndAsync();
        Assert.SkipWhen(error.Contains("Operation not permitted", StringComparison.Ordinal), $"namespaces are not allowed here: {error}");
        throw new InvalidOperationException($"'{order}' was not carried out: {error}{Log}");
    }
}
