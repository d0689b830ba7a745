using System.Diagnostics;

namespace Kilonova.NodeAgent.Tests.Images;

/// <summary>Makes images with the real tools.</summary>
internal static class QemuImg
{
    /// <summary>Runs a tool; skips the test, with the reason, where it is not installed.</summary>
    public static void Run(string tool, params string[] arguments)
    {
        RequireTool(tool);
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool} {string.Join(' ', arguments)}: {output}");
    }

    /// <summary>Skips the test, with the reason, where a tool is not installed.</summary>
    public static void RequireTool(string tool)
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, tool))))
            Assert.Skip($"{tool} is not installed");
    }

    /// <summary>A qcow2 image with data in it.</summary>
    public static byte[] Qcow2(TemporaryDirectory directory, string size = "8M", params string[] options)
    {
        var path = directory.File($"made-{Guid.NewGuid():N}.qcow2");
        Run("qemu-img", ["create", "-q", "-f", "qcow2", .. options, path, size]);
        Run("qemu-io", "-f", "qcow2", "-c", "write -P 0x41 0 4M", path);
        return File.ReadAllBytes(path);
    }
}
